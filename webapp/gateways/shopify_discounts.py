"""Discount codes of a shop, for one use, of one customer where one is named.

Source: shopify.dev, GraphQL Admin API 2026-10: `discountCodeBasicCreate` and
`discountCodeFreeShippingCreate` (`context` instead of `customerSelection` since 2025-10),
`DiscountMinimumRequirementInput`, `codeDiscountNodeByCode`, `discountCodeDeactivate`. A percentage
is taken off every piece in the cart, and a quantity can only be given in "buy X get Y"
(`DiscountCustomerGetsValueInput`), which must buy something: so what is free is the price of one
piece, taken off once. `asyncUsageCount` may lag behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from webapp.gateways.calling import GatewayError
from webapp.gateways.graphql import UserError, user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

MOST_VARIANTS = 100

_BASIC = """
mutation CreateRewardCode($discount: DiscountCodeBasicInput!) {
  created: discountCodeBasicCreate(basicCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { field message code }
  }
}
"""
_SHIPPING = """
mutation CreateShippingCode($discount: DiscountCodeFreeShippingInput!) {
  created: discountCodeFreeShippingCreate(freeShippingCodeDiscount: $discount) {
    codeDiscountNode { id }
    userErrors { field message code }
  }
}
"""
_BY_CODE = """
query RewardCode($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    id
    codeDiscount {
      ... on DiscountCodeBasic { title asyncUsageCount }
      ... on DiscountCodeFreeShipping { title asyncUsageCount }
    }
  }
}
"""
_DEACTIVATE = """
mutation EndRewardCode($id: ID!) {
  discountCodeDeactivate(id: $id) {
    codeDiscountNode { id }
    userErrors { field message code }
  }
}
"""
_PRICE = """
query PriceOfReward($id: ID!, $first: Int!) {
  node(id: $id) {
    ... on Product { variants(first: $first) { nodes { price } } }
    ... on ProductVariant { price }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Discount:
    """A code for one use by one customer (Shopify's number), or whoever has it. Amounts are
    decimals in the shop's currency; of `amount`, `percent` and `product` one is set, none means
    free shipping. Times are in ISO 8601; without an end it lasts."""

    code: str
    title: str
    customer: str | None
    starts_at: str
    ends_at: str | None
    amount: str | None = None
    percent: int | None = None
    product: str | None = None
    minimum: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A code as the shop knows it, and how often it was used."""

    id: str
    title: str
    used: int


def create(shopify: ShopifyAdmin, shop: str, token: str, wanted: Discount) -> str:
    """Make the code; its id. A code that the shop has already is ours when it has our title: the
    answer to an earlier try was lost. Raises GatewayError, final for what would be refused again.
    """
    if wanted.amount is None and wanted.percent is None and wanted.product is None:
        document, given = _SHIPPING, shipping_input(wanted)
    else:
        price = None if wanted.product is None else price_of(shopify, shop, token, wanted.product)
        document, given = _BASIC, basic_input(wanted, price)
    made = shopify.ask(shop, token, document, {"discount": given})["created"]
    errors = user_errors(made)
    if not errors:
        return str(made["codeDiscountNode"]["id"])
    if any(error.code == "TAKEN" for error in errors):
        known = find(shopify, shop, token, wanted.code)
        if known is not None and known.title == wanted.title:
            return known.id
    raise GatewayError(f"discount code: {first(errors)}", final=True)


def find(shopify: ShopifyAdmin, shop: str, token: str, code: str) -> Known | None:
    """The code as the shop knows it; None when it has none. Raises GatewayError."""
    node = shopify.ask(shop, token, _BY_CODE, {"code": code})["codeDiscountNodeByCode"]
    if node is None:
        return None
    discount = node.get("codeDiscount") or {}
    used = int(discount.get("asyncUsageCount") or 0)
    return Known(str(node["id"]), str(discount.get("title") or ""), used)


def deactivate(shopify: ShopifyAdmin, shop: str, token: str, discount_id: str) -> None:
    """End a code at once; one that ended already stays as it is. Raises GatewayError."""
    payload = shopify.ask(shop, token, _DEACTIVATE, {"id": discount_id})["discountCodeDeactivate"]
    errors = user_errors(payload)
    if errors:
        raise GatewayError(f"discountCodeDeactivate: {first(errors)}", final=True)


def price_of(shopify: ShopifyAdmin, shop: str, token: str, product: str) -> str:
    """The price of a variant, or of a product's dearest one. Raises GatewayError, final when there
    is no such product."""
    variables = {"id": product, "first": MOST_VARIANTS}
    node = shopify.ask(shop, token, _PRICE, variables)["node"] or {}
    variants = (node.get("variants") or {}).get("nodes") or [node]
    prices = [Decimal(str(v["price"])) for v in variants if v.get("price") is not None]
    if not prices:
        raise GatewayError(f"{product} is not in the shop", final=True)
    return str(max(prices))


def basic_input(wanted: Discount, price: str | None) -> dict[str, Any]:
    """`DiscountCodeBasicInput`; `price` is that of the product that is free."""
    off = wanted.amount or price
    value: dict[str, Any]
    if off is not None:
        value = {"discountAmount": {"amount": off, "appliesOnEachItem": False}}
    else:
        value = {"percentage": (wanted.percent or 0) / 100}
    of_product = wanted.product is not None
    return {
        **common(wanted),
        "customerGets": {"items": items(wanted.product), "value": value},
        "combinesWith": {
            "orderDiscounts": of_product,
            "productDiscounts": not of_product,
            "shippingDiscounts": True,
        },
    }


def shipping_input(wanted: Discount) -> dict[str, Any]:
    """`DiscountCodeFreeShippingInput`; discounts on shipping never combine with each other."""
    return {
        **common(wanted),
        "destination": {"all": True},
        "combinesWith": {"orderDiscounts": True, "productDiscounts": True},
    }


def items(product: str | None) -> Mapping[str, Any]:
    if product is None:
        return {"all": True}
    kind = "productVariantsToAdd" if "/ProductVariant/" in product else "productsToAdd"
    return {"products": {kind: [product]}}


def common(wanted: Discount) -> dict[str, Any]:
    """What both inputs share."""
    whom: Mapping[str, Any] = {"all": "ALL"}
    if wanted.customer is not None:
        whom = {"customers": {"add": [f"gid://shopify/Customer/{wanted.customer}"]}}
    given: dict[str, Any] = {
        "title": wanted.title,
        "code": wanted.code,
        "startsAt": wanted.starts_at,
        "endsAt": wanted.ends_at,
        "context": whom,
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
    }
    if wanted.minimum is not None:
        given["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": wanted.minimum}}
    return given


def first(errors: tuple[UserError, ...]) -> str:
    return errors[0].message or errors[0].code
