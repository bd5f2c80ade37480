"""The Shopify Partner API (GraphQL): our own organisation's view of apps and their merchants.

Source: shopify.dev, Partner API: `POST /{organization id}/api/{version}/graphql.json` with
X-Shopify-Access-Token; four requests a second for each client.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller
from webapp.gateways.graphql import GraphQL

API_VERSION = "2026-10"
CHECK = "query CheckPartner { publicApiVersions { handle } }"


class ShopifyPartner(Protocol):
    """What the product asks of the Partner API."""

    def query(
        self, credentials: Credentials, document: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The `data` of the answer. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless the API takes the key."""


class HttpShopifyPartner:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url = url
        self._graphql = GraphQL(caller)

    def query(
        self, credentials: Credentials, document: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        organization = credentials.values["organization_id"]
        url = f"{self._url}/{organization}/api/{API_VERSION}/graphql.json"
        token = credentials.values["access_token"]
        return self._graphql.ask(url, token, organization, document, variables)

    def check(self, credentials: Credentials) -> None:
        self.query(credentials, CHECK, {})
