"""What the shop sells: the invented catalogue, as GraphQL shows products."""

from collections.abc import Mapping
from decimal import Decimal

from webapp.demo.catalogue import PRODUCTS, Product, price_in
from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import gid
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
    """The product with that number."""
    return next((show(state, p) for p in PRODUCTS if p.id == number), None)


def variant(state: ShopState, number: int) -> dict[str, object] | None:
    """The one variant of a product, which has its number."""
    return next((show_variant(state, p) for p in PRODUCTS if p.id == number), None)


def show_variant(state: ShopState, product: Product) -> dict[str, object]:
    price = Decimal(price_in(product, state.shop.currency))
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", product.id),
        "title": "Default Title",
        "price": f"{price:.2f}",
        "sku": None,
    }


def show(state: ShopState, product: Product) -> dict[str, object]:
    """The object."""
    variants = [show_variant(state, product)]
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
            variants, arguments, "ProductVariant", dict, lambda one: one["id"]
        ),
    }
