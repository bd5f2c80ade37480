"""Calls of the Admin API as LoyalNest's gateway makes them."""

import json
from typing import Any

from webapp.demo.standins.exchange import Call
from webapp.demo.standins.shopify import ShopifyAdmin

SHOP = "shop-name.myshopify.com"
URL = f"/{SHOP}/admin/api/2026-10/graphql.json"
TOKEN = {"x-shopify-access-token": "shpat_test", "host": "127.0.0.1"}
SET = """
mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { id key namespace value compareDigest }
    userErrors { field message code elementIndex }
  }
}
"""
READ = """
query Read($id: ID!) {
  customer(id: $id) {
    points: metafield(namespace: "$app:loyalnest", key: "points_balance") { value }
  }
}
"""


def call(admin: ShopifyAdmin, query: str, **variables: object) -> Any:
    """The answer to one call with the right token."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    return json.loads(admin.answer(Call("POST", URL, TOKEN, body)).body)


def points(customer: int, value: object, **changes: object) -> dict[str, object]:
    """The input that writes one balance."""
    return {
        "ownerId": f"gid://shopify/Customer/{customer}",
        "namespace": "$app:loyalnest",
        "key": "points_balance",
        "type": "number_integer",
        "value": value,
        **changes,
    }


def set_points(admin: ShopifyAdmin, *entries: dict[str, object]) -> Any:
    """The payload of metafieldsSet."""
    return call(admin, SET, metafields=list(entries))["data"]["metafieldsSet"]


def balance(admin: ShopifyAdmin, customer: int) -> str | None:
    found = call(admin, READ, id=f"gid://shopify/Customer/{customer}")["data"]["customer"]["points"]
    return found["value"] if found else None
