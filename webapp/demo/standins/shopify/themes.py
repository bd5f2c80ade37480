"""Themes of the online store: the published one, and the JSON files of it.

Source: shopify.dev, GraphQL Admin API 2026-10, `themes` and `OnlineStoreTheme.files`: both need the
scope read_themes; file names may end in a wildcard.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.shopify.connection import connection
from webapp.demo.standins.shopify.facts import gid
from webapp.demo.standins.shopify.state import ShopState

NAME = "Demo theme"


def themes(state: ShopState, given: Mapping[str, object]) -> dict[str, object]:
    """The published theme, where the shop has one and themes of its role are asked for."""
    if "read_themes" not in state.shop.scopes:
        raise GraphQLError(
            "Access denied for themes field. Required access: `read_themes` access scope.",
            code="ACCESS_DENIED",
        )
    roles = given.get("roles")
    found = [1] if state.shop.theme and (not isinstance(roles, list) or "MAIN" in roles) else []
    return connection(found, given, "OnlineStoreTheme", lambda n: _theme(state, n), lambda n: n)


def _theme(state: ShopState, number: int) -> dict[str, object]:
    return {
        "__typename": "OnlineStoreTheme",
        "id": gid("OnlineStoreTheme", number),
        "name": NAME,
        "role": "MAIN",
        "files": lambda given: _files(state, given),
    }


def _files(state: ShopState, given: Mapping[str, object]) -> dict[str, object]:
    files, wanted = state.shop.theme, given.get("filenames")
    names = files.names() if files else []
    if isinstance(wanted, list):
        names = [name for name in names if any(_fits(name, str(one)) for one in wanted)]

    def show(name: str) -> dict[str, object]:
        content = files.read(name) if files else None
        body = {"__typename": "OnlineStoreThemeFileBodyText", "content": content or ""}
        return {"__typename": "OnlineStoreThemeFile", "filename": name, "body": body}

    return connection(names, given, "OnlineStoreThemeFile", show, lambda name: name)


def _fits(name: str, pattern: str) -> bool:
    # A wildcard of Shopify's stays in its folder.
    return fnmatchcase(name, pattern) and name.count("/") == pattern.count("/")
