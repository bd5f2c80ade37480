"""Calls of the Admin API as LoyalNest's gateway makes them."""

from typing import Any

from flask.testing import FlaskClient

URL = "/standin/shop-name.myshopify.com/admin/api/2026-10/graphql.json"
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


def call(client: FlaskClient, query: str, **variables: object) -> Any:
    """The answer to one call with the right token."""
    answer = client.post(
        URL,
        json={"query": query, "variables": variables},
        headers={"X-Shopify-Access-Token": "shpat_test"},
    )
    return answer.get_json()


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


def set_points(client: FlaskClient, *entries: dict[str, object]) -> Any:
    """The payload of metafieldsSet."""
    return call(client, SET, metafields=list(entries))["data"]["metafieldsSet"]


def balance(client: FlaskClient, customer: int) -> str | None:
    found = call(client, READ, id=f"gid://shopify/Customer/{customer}")["data"]["customer"][
        "points"
    ]
    return found["value"] if found else None
