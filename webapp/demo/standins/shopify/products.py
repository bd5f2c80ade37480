"""What the shop sells: the invented catalogue, as GraphQL shows products."""

from collections.abc import Mapping
from decimal import Decimal

from webapp.demo.catalogue import BY_ID, PRODUCTS, Product, price_in
from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import gid, written
from webapp.demo.standins.shopify.state import ShopState

_SORT: Keys[Product] = {"ID": lambda p: p.id, "TITLE": lambda p: p.title}
_LOOK: Keys[Product] = {
    "id": lambda p: p.id,
    "handle": lambda p: p.handle,
    "title": lambda p: p.title,
    "status": lambda _: "active",
}


def products(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """The connection `products`."""
    found = ordered(matching(PRODUCTS, arguments.get("query"), _LOOK), arguments, _SORT)
    return connection(found, arguments, "Product", lambda p: show(state, p), lambda p: p.id)


def one(state: ShopState, number: int) -> dict[str, object] | None:
    """The product of that number."""
    found = BY_ID.get(number)
    return show(state, found) if found else None


def variant(state: ShopState, number: int) -> dict[str, object] | None:
    """The only variant of the product of that number."""
    found = BY_ID.get(number)
    return _variant(state, found) if found else None


def show(state: ShopState, product: Product) -> dict[str, object]:
    """The object."""
    only = _variant(state, product)
    return {
        "__typename": "Product",
        "id": gid("Product", product.id),
        "legacyResourceId": str(product.id),
        "title": product.title,
        "handle": product.handle,
        "status": "ACTIVE",
        "vendor": state.shop.name,
        "tags": [],
        "variants": lambda arguments: connection(
            [only], arguments, "ProductVariant", dict, lambda one: one["id"]
        ),
    }


def _variant(state: ShopState, product: Product) -> dict[str, object]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", product.id),
        "title": "Default Title",
        "price": written(Decimal(price_in(product, state.shop.currency)), state.shop.currency),
        "sku": None,
    }
