"""The Shopify Admin API (GraphQL), as far as the product uses it.

Source: shopify.dev, GraphQL Admin API 2026-10, `metafieldsSet`: at most 25 metafields a call, and
a call is all or nothing. Long reads are in `shopify_bulk`, customers' cards in `shopify_cards`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.graphql import GraphQL, user_errors

__all__ = ["API_VERSION", "GatewayError", "HttpShopifyAdmin", "Metafield", "ShopifyAdmin"]

API_VERSION = "2026-10"

SET_METAFIELDS = """
mutation UpdateCustomerPoints($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key compareDigest owner { ... on Customer { id } } }
    userErrors { field message code elementIndex }
  }
}
"""
CHECK = "query CheckShop { shop { myshopifyDomain } }"


@dataclass(frozen=True, slots=True)
class Metafield:
    """One metafield to set; the field names are Shopify's MetafieldsSetInput."""

    ownerId: str  # noqa: N815 - Shopify's spelling
    namespace: str
    key: str
    type: str
    value: str


class ShopifyAdmin(Protocol):
    """What the product asks of a shop's Admin API."""

    def ask(
        self, shop_domain: str, access_token: str, document: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The `data` of any document. Raises GatewayError, when throttled with the time to wait."""

    def set_metafields(
        self, shop_domain: str, access_token: str, metafields: Sequence[Metafield]
    ) -> frozenset[int]:
        """Set up to 25 metafields at once. Nothing is set when some are refused: gives back their
        positions. Raises GatewayError."""

    def check(self, shop_domain: str, access_token: str) -> None:
        """Raise GatewayError unless the shop takes the token."""


class HttpShopifyAdmin:
    """The real client. `url` holds `{shop}`, e.g. `https://{shop}`."""

    def __init__(self, url: str, caller: Caller | None = None) -> None:
        self._url = url
        self._graphql = GraphQL(caller or Caller())

    def ask(
        self, shop_domain: str, access_token: str, document: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        url = f"{self._url.format(shop=shop_domain)}/admin/api/{API_VERSION}/graphql.json"
        return self._graphql.ask(url, access_token, shop_domain, document, variables)

    def set_metafields(
        self, shop_domain: str, access_token: str, metafields: Sequence[Metafield]
    ) -> frozenset[int]:
        variables = {"metafields": [asdict(field) for field in metafields]}
        payload = self.ask(shop_domain, access_token, SET_METAFIELDS, variables)["metafieldsSet"]
        errors = user_errors(payload)
        if not errors:
            return frozenset()
        positions = frozenset(
            int(part) for error in errors for part in error.field[1:2] if part.isdigit()
        )
        if not positions:
            raise GatewayError(f"metafieldsSet: {errors[0].message}", final=True)
        return positions

    def check(self, shop_domain: str, access_token: str) -> None:
        self.ask(shop_domain, access_token, CHECK, {})
