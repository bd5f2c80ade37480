"""A shop's theme as an app may know it: the configuration its blocks read, and the theme's files.

Source: shopify.dev, GraphQL Admin API 2026-10. An app-data metafield belongs to the installation
of the app (`currentAppInstallation`), and only the app's own Liquid reads it. `theme.files` needs
the scope read_themes; there is no call that places a block.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.gateways.calling import GatewayError
from webapp.gateways.graphql import user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

SHOP_NAMESPACE, APP_NAMESPACE = "$app:loyalnest", "loyalnest"
KEY = "theme_extension_config"
MOST_PAGES = 2
FILES_A_PAGE = 50
FILES = (
    "config/settings_data.json",
    "sections/*.json",
    "templates/*.json",
    "templates/customers/*.json",
)
READ_CONFIGURATION = """
query GetThemeExtensionConfig($shop: String!, $app: String!, $key: String!) {
  shop { id metafield(namespace: $shop, key: $key) { value } }
  currentAppInstallation { id metafield(namespace: $app, key: $key) { value } }
}
"""
SET_CONFIGURATION = """
mutation ConfigureThemeExtension($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { id }
    userErrors { field message code elementIndex }
  }
}
"""
READ_THEME = """
query ReadTheme($filenames: [String!], $first: Int!, $after: String) {
  themes(first: 1, roles: [MAIN]) {
    nodes {
      name
      files(filenames: $filenames, first: $first, after: $after) {
        nodes { filename body { ... on OnlineStoreThemeFileBodyText { content } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Theme:
    """The published theme: its name, and file name -> content of those that can hold blocks."""

    name: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShopTheme:
    """One shop's theme, asked with its token. Every call raises GatewayError."""

    admin: ShopifyAdmin
    shop_domain: str
    access_token: str

    def configure(self, configuration: Mapping[str, Any]) -> bool:
        """Let the blocks read this; whether anything had to be changed. Two calls at the most, and
        doing it twice is doing it once."""
        value = json.dumps(configuration, ensure_ascii=False, separators=(",", ":"))
        names = {"shop": SHOP_NAMESPACE, "app": APP_NAMESPACE, "key": KEY}
        found = self._ask(READ_CONFIGURATION, names)
        owners = (
            (found["shop"], SHOP_NAMESPACE),
            (found["currentAppInstallation"], APP_NAMESPACE),
        )
        if all(_same(owner["metafield"], configuration) for owner, _ in owners):
            return False
        entries = [
            {
                "ownerId": owner["id"],
                "namespace": namespace,
                "key": KEY,
                "type": "json",
                "value": value,
            }
            for owner, namespace in owners
        ]
        payload = self._ask(SET_CONFIGURATION, {"metafields": entries})["metafieldsSet"]
        errors = user_errors(payload)
        if errors:
            raise GatewayError(f"metafieldsSet: {errors[0].message}", final=True)
        return True

    def read(self) -> Theme:
        """The published theme. Two calls at the most: files beyond a hundred are not read."""
        name, files, after = "", dict[str, str](), None
        for _ in range(MOST_PAGES):
            variables = {"filenames": list(FILES), "first": FILES_A_PAGE, "after": after}
            themes = self._ask(READ_THEME, variables)["themes"]["nodes"]
            if not themes:
                break
            name, page = str(themes[0]["name"]), themes[0]["files"]
            files |= {
                node["filename"]: str((node["body"] or {}).get("content") or "")
                for node in page["nodes"]
            }
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        return Theme(name, files)

    def _ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return self.admin.ask(self.shop_domain, self.access_token, document, variables)


def _same(metafield: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    try:
        return metafield is not None and json.loads(metafield["value"]) == wanted
    except ValueError:
        return False
