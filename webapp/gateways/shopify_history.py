"""The orders a shop has had, page by page, with what was refunded and no customer data but the id.

Source: shopify.dev, GraphQL Admin API 2026-10, `orders`: without `read_all_orders` an app sees
those of the last sixty days. Long histories are better read from a file (see `shopify_bulk`).
"""

from webapp.gateways.shopify_admin import ShopifyAdmin
from webapp.gateways.shopify_webhooks import ORDERS_A_PAGE, PAID, OrderPage

_PAID = PAID | {"REFUNDED"}
_ORDERS = """
query OrderHistory($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {
    nodes {
      id test cancelledAt processedAt createdAt displayFinancialStatus
      totalPriceSet { shopMoney { amount currencyCode } }
      customer { id }
      refunds { id createdAt totalRefundedSet { shopMoney { amount currencyCode } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def orders_created_since(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, since: str, after: str | None
) -> OrderPage:
    """Paid orders made since a moment (ISO 8601), oldest first. Raises GatewayError."""
    variables = {"first": ORDERS_A_PAGE, "after": after, "query": f"created_at:>='{since}'"}
    found = shopify.ask(shop_domain, access_token, _ORDERS, variables)["orders"]
    paid = tuple(node for node in found["nodes"] if node["displayFinancialStatus"] in _PAID)
    info = found["pageInfo"]
    return OrderPage(paid, str(info["endCursor"]) if info["hasNextPage"] else None)
