"""A stand-in for Shopify's Admin API (GraphQL 2026-10) and the pages an app needs around it.

It holds orders, customers, products, discounts, app subscriptions, webhook subscriptions, bulk
operations and metafields, with the real limits: 25 metafields a call, cost buckets, user errors, 60
days of orders without `read_all_orders`. It sends signed webhooks.
"""

from webapp.demo.standins.shopify.admin import ShopifyAdmin
from webapp.demo.standins.shopify.facts import Shop

__all__ = ["Shop", "ShopifyAdmin"]
