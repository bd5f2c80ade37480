"""A metafield of a shop's customer that says which card they have: its kind, a hash of its serial
number and when it was exported, and nothing that opens it or says what is on it.

Source: shopify.dev, GraphQL Admin API 2026-10, `metafieldsSet`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.gateways.calling import GatewayError
from webapp.gateways.graphql import user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

NAMESPACE = "$app:loyalnest"
READ = """
query GetWalletExport($id: ID!, $namespace: String!, $key: String!) {
  customer(id: $id) { id metafield(namespace: $namespace, key: $key) { value } }
}
"""
SET = """
mutation ExportToWallet($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { id }
    userErrors { field message code elementIndex }
  }
}
"""


@dataclass(frozen=True, slots=True)
class ShopWallets:
    """One shop's customers, asked with its token. Every call raises GatewayError."""

    admin: ShopifyAdmin
    shop_domain: str
    access_token: str

    def remember(self, customer: str, key: str, value: Mapping[str, str]) -> bool:
        """Note a customer's card under that key; whether anything had to be changed. A customer
        whom the shop does not know is none of its."""
        owner = f"gid://shopify/Customer/{customer}"
        asked = {"id": owner, "namespace": NAMESPACE, "key": key}
        found = self.admin.ask(self.shop_domain, self.access_token, READ, asked)["customer"]
        written = json.dumps(dict(value), sort_keys=True)
        if found is None or (found["metafield"] or {}).get("value") == written:
            return False
        entry = {
            "ownerId": owner,
            "namespace": NAMESPACE,
            "key": key,
            "type": "json",
            "value": written,
        }
        payload = self.admin.ask(self.shop_domain, self.access_token, SET, {"metafields": [entry]})[
            "metafieldsSet"
        ]
        errors = user_errors(payload)
        if errors:
            raise GatewayError(f"metafieldsSet: {errors[0].message}", final=True)
        return True
