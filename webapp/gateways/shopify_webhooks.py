"""Webhook subscriptions of one shop, and the orders of the time in which there were none.

Source: shopify.dev, GraphQL Admin API 2026-10: `webhookSubscriptions`, `webhookSubscriptionCreate`
and `webhookSubscriptionUpdate` with the field `uri`, `orders` sorted by UPDATED_AT. A topic is
written `orders/paid` in deliveries and ORDERS_PAID here. Subscriptions made through this API are
deleted by Shopify after eight deliveries in a row have failed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.gateways.calling import GatewayError
from webapp.gateways.graphql import user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

# An app has one subscription a topic and address, so this is far more than there can be.
MOST_SUBSCRIPTIONS = 250
# A page with line items must not cost more than the bucket of the smallest plan holds (1,000).
ORDERS_A_PAGE = 20
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED"})
_TOPIC = re.compile(r"[a-z_]+/[a-z_]+")

_LIST = """
query WebhookSubscriptions($first: Int!) {
  webhookSubscriptions(first: $first) { nodes { id topic uri } }
}
"""
_CREATE = """
  {alias}: webhookSubscriptionCreate(topic: {topic}, webhookSubscription: {{ uri: $uri }}) {{
    userErrors {{ field message }}
  }}
"""
_UPDATE = """
  {alias}: webhookSubscriptionUpdate(id: "{id}", webhookSubscription: {{ uri: $uri }}) {{
    userErrors {{ field message }}
  }}
"""
_ORDERS = """
query MissedOrders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id test cancelledAt processedAt createdAt updatedAt displayFinancialStatus discountCodes
      totalPriceSet { shopMoney { amount currencyCode } }
      subtotalPriceSet { shopMoney { amount currencyCode } }
      taxesIncluded
      totalTaxSet { shopMoney { amount currencyCode } }
      shippingLine { taxLines { priceSet { shopMoney { amount currencyCode } } } }
      customer { id }
      refunds { id createdAt totalRefundedSet { shopMoney { amount currencyCode } } }
      lineItems(first: 10) {
        nodes { id isGiftCard discountedTotalSet { shopMoney { amount currencyCode } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of a topic: Shopify's global id, and the address that is told."""

    id: str
    uri: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders as GraphQL nodes, and the cursor of the next page; None when it was the last."""

    nodes: tuple[Mapping[str, Any], ...]
    next: str | None


def subscriptions(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, topics: Sequence[str]
) -> Mapping[str, Sequence[Subscription]]:
    """The subscriptions that this app has in the shop, of each of `topics`. Raises GatewayError."""
    data = shopify.ask(shop_domain, access_token, _LIST, {"first": MOST_SUBSCRIPTIONS})
    nodes = data["webhookSubscriptions"]["nodes"]
    return {
        topic: [Subscription(str(n["id"]), str(n["uri"])) for n in nodes if n["topic"] == name]
        for topic, name in ((topic, subscription_topic(topic)) for topic in topics)
    }


def subscribe(
    shopify: ShopifyAdmin,
    shop_domain: str,
    access_token: str,
    uri: str,
    topics: Sequence[str],
    moved: Mapping[str, str],
) -> Mapping[str, str]:
    """Have the shop tell `uri` of these topics, in one call; `moved` maps those that it tells
    another address to their subscription's id. Gives back the topics that were refused, with the
    reason, e.g. for want of a scope. Raises GatewayError."""
    parts = [
        _UPDATE.format(alias=f"t{i}", id=moved[topic])
        if topic in moved
        else _CREATE.format(alias=f"t{i}", topic=subscription_topic(topic))
        for i, topic in enumerate(topics)
    ]
    document = f"mutation Subscribe($uri: String!) {{{''.join(parts)}}}"
    data = shopify.ask(shop_domain, access_token, document, {"uri": uri})
    refused = {topic: user_errors(data[f"t{i}"] or {}) for i, topic in enumerate(topics)}
    return {topic: errors[0].message for topic, errors in refused.items() if errors}


def orders_changed_since(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, since: str, after: str | None
) -> OrderPage:
    """Orders that have changed since a moment (ISO 8601), oldest change first, whatever has become
    of them, without any customer data but the customer's id. Raises GatewayError."""
    variables = {
        "first": ORDERS_A_PAGE,
        "after": after,
        "query": f"updated_at:>='{since}'",
    }
    found = shopify.ask(shop_domain, access_token, _ORDERS, variables)["orders"]
    info = found["pageInfo"]
    return OrderPage(tuple(found["nodes"]), str(info["endCursor"]) if info["hasNextPage"] else None)


def subscription_topic(topic: str) -> str:
    """`orders/paid` -> ORDERS_PAID; raises GatewayError for what is no topic."""
    if not _TOPIC.fullmatch(topic):
        raise GatewayError(f"{topic} is no topic of webhooks", final=True)
    return topic.upper().replace("/", "_")
