"""The objects that Liquid sees, built from the shop's own data; names as in Shopify's reference."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from babel.numbers import get_currency_symbol

from webapp.core import i18n
from webapp.core.words import currency_exponent
from webapp.demo.cart import Cart
from webapp.demo.catalogue import PRODUCTS, Product, price_in, say
from webapp.demo.pictures import scenes
from webapp.demo.settings import Neighbour, SampleCustomer, ShopConfig, shown_customers
from webapp.demo.standins.metafields import Metafield, resolved_namespace

SIMULATED = "simulated"
# Tone of the theme -> the colour that app blocks are given.
ACCENTS: Mapping[str, str] = {"leaf": "#2b5a4a", "sea": "#24506b"}
_STATES = frozenset({"PAID", "PENDING", "PARTIALLY_REFUNDED", "REFUNDED"})
OWN_NAMESPACE = "$app:loyalnest"
Drop = dict[str, object]


@cache
def own_name(tag: str) -> str:
    """What a language calls itself, capitalised as in a menu: `Français`."""
    names = i18n.babel_locale(tag).languages
    name = str(names.get("zh_Hans" if tag == "zh-CN" else tag, tag))
    return name[:1].upper() + name[1:]


def prefix_of(tag: str) -> str:
    """Where the pages of a language start: nothing for English, else `/de`."""
    return "" if tag == "en" else f"/{tag}"


@cache
def locale_drop(tag: str) -> Drop:
    """`request.locale` and the entries of `localization.available_languages`."""
    return {
        "iso_code": tag,
        "name": own_name(tag),
        "endonym_name": own_name(tag),
        "primary": tag == "en",
        "root_url": prefix_of(tag) or "/",
    }


def localization_drop(tag: str) -> Drop:
    """`localization`, without countries."""
    languages = [locale_drop(each) for each in sorted(i18n.LOCALES, key=own_name)]
    return {"language": locale_drop(tag), "available_languages": languages}


def shop_drop(config: ShopConfig, url: str) -> Drop:
    """`shop`; the money format is the one Shopify would propose for the currency."""
    symbol = get_currency_symbol(config.currency, locale="en")
    digits = "amount" if currency_exponent(config.currency) else "amount_no_decimals"
    blank = " " if symbol.isalpha() else ""
    return {
        "name": config.shop_name,
        "currency": config.currency,
        "money_format": f"{symbol}{blank}{{{{{digits}}}}}",
        "permanent_domain": config.shop_domain,
        "domain": url.removeprefix("http://").removeprefix("https://"),
        "url": url,
        "locale": "en",
        "published_locales": [locale_drop(tag) for tag in i18n.LOCALES],
    }


def routes_drop(prefix: str) -> Drop:
    """`routes`: the addresses of the shop under the language's prefix."""
    names = {
        "account_url": "/account",
        "account_login_url": "/account/login",
        "account_logout_url": "/account/logout",
        "account_register_url": "/account/register",
        "all_products_collection_url": "/collections/all",
        "collections_url": "/collections",
        "cart_url": "/cart",
        "cart_add_url": "/cart/add",
        "cart_change_url": "/cart/change",
        "cart_update_url": "/cart/update",
    }
    return {"root_url": prefix or "/", **{name: prefix + path for name, path in names.items()}}


def hundredths(product: Product, currency: str) -> int:
    """Hundredths of the currency's unit, as Shopify counts, also where the unit is small."""
    return price_in(product, currency) * 100 * (1 if currency_exponent(currency) else 100)


def product_drop(product: Product, currency: str, prefix: str) -> Drop:
    """`product`, with one variant of the same id."""
    images = [
        {
            "src": f"/files/{product.handle}-{view}.svg",
            "alt": product.title,
            "width": scenes.WIDTH,
            "height": scenes.HEIGHT,
            "position": view,
        }
        for view in range(1, scenes.VIEWS + 1)
    ]
    price = hundredths(product, currency)
    variant = {"id": product.id, "price": price, "available": True, "title": "Default Title"}
    return {
        "id": product.id,
        "handle": product.handle,
        "title": product.title,
        "type": product.kind,
        "vendor": "Nest & Bloom",
        "description": product.description,
        "details": list(product.details),
        "price": price,
        "available": True,
        "url": f"{prefix}/products/{product.handle}",
        "featured_image": images[0],
        "images": images,
        "variants": [variant],
        "selected_or_first_available_variant": variant,
    }


def collection_drop(tag: str, currency: str, prefix: str) -> Drop:
    """The only collection: everything."""
    products = [product_drop(product, currency, prefix) for product in PRODUCTS]
    return {
        "handle": "all",
        "title": say(tag, "demo_shop.all"),
        "url": f"{prefix}/collections/all",
        "products": products,
        "products_count": len(products),
    }


def cart_drop(cart: Cart, currency: str, prefix: str) -> Drop:
    """`cart` with its lines; prices in hundredths."""
    items: list[Drop] = []
    total = 0
    for product, quantity in cart.lines():
        drop = product_drop(product, currency, prefix)
        price = hundredths(product, currency)
        total += price * quantity
        items.append(
            {
                "id": product.id,
                "product": drop,
                "title": product.title,
                "url": drop["url"],
                "image": drop["featured_image"],
                "quantity": quantity,
                "price": price,
                "final_line_price": price * quantity,
            }
        )
    count = sum(quantity for _, quantity in cart.lines())
    return {"items": items, "item_count": count, "total_price": total, "currency": currency}


def quote_drop(found: Mapping[str, object], code: str) -> Drop:
    """What a cart costs in the end, in hundredths; `refused` is the reason's word."""
    amounts = ("discount", "shipping", "tax", "total")
    return {
        **{name: int(Decimal(str(found[name])) * 100) for name in amounts},
        "code": found["code"],
        "asked": code,
        "refused": found["reason"],
        "taxes_included": found["taxes_included"],
    }


def order_drop(found: Mapping[str, Any], tag: str) -> Drop:
    """One of the customer's orders, in hundredths; `state` is a key of the theme's sentences."""
    at = datetime.fromisoformat(found["at"])
    refunded = int(Decimal(found["refunded"]) * 100)
    total = int(Decimal(found["total"]) * 100)
    state = found["state"] if found["state"] in _STATES else "PENDING"
    return {
        "number": str(found["order"]),
        "name": found["name"],
        "created_at": format_date(at, "medium", locale=i18n.babel_locale(tag)),
        "machine_time": found["at"],
        "total_price": total,
        "refunded": refunded,
        "state": "cancelled" if found["cancelled"] else state.lower(),
        "code": found["code"],
        "titles": [line["title"] for line in found["lines"]],
        "can_refund": total > refunded,
        "can_cancel": not found["cancelled"],
    }


def other_shops(config: ShopConfig, customer: str, prefix: str, path: str) -> list[Drop]:
    """The merchant's other shops, entered as the same customer where they have an account there."""
    return [
        {"name": other.name, "url": _entrance(other, customer, prefix, path), "same": there}
        for other in config.others
        for there in (customer in other.customers,)
    ]


def _entrance(other: Neighbour, customer: str, prefix: str, path: str) -> str:
    there = other.customers.get(customer)
    if there is None:
        return f"{other.url}{prefix}{path}"
    asked = urlencode({"customer_id": there, "return_to": f"{prefix}{path}"})
    return f"{other.url}{prefix}/account/login?{asked}"


def metafields_drop(found: Iterable[Metafield]) -> Drop:
    """`metafields`: namespace -> key -> value, an app's own namespace under its `$app` name too."""
    spaces: dict[str, Drop] = {}
    for field in found:
        drop: Drop = {"value": _typed(field), "type": field.type}
        spaces.setdefault(field.namespace, {})[field.key] = drop
    own = resolved_namespace(OWN_NAMESPACE)
    if own in spaces:
        spaces[OWN_NAMESPACE] = spaces[own]
    return {**spaces}


def customer_drop(
    customer_id: str, sample: SampleCustomer | None, found: Iterable[Metafield], tag: str
) -> Drop:
    """`customer`; people without a name are called by their number."""
    called = say(tag, "demo_shop.account.customer", id=customer_id)
    name = sample.name if sample and sample.name else called
    return {
        "id": int(customer_id),
        "name": name,
        "first_name": name,
        "has_account": True,
        "metafields": metafields_drop(found),
    }


def label(config: ShopConfig, tag: str) -> str:
    """What is said on top of every page about its data, translated where it is `simulated`."""
    return say(tag, "demo_shop.simulated") or "" if config.label == SIMULATED else config.label


def login_choices(config: ShopConfig, tag: str) -> list[Mapping[str, object]]:
    """The sample customers of the sign-in page (a real shop has no such thing)."""
    return [
        {
            "id": customer.customer_id,
            "name": customer.name
            or say(tag, "demo_shop.account.customer", id=customer.customer_id),
        }
        for customer in shown_customers(config)
    ]


def _typed(field: Metafield) -> object:
    """The value as Liquid gets it: numbers and booleans typed, JSON parsed, text as text."""
    if field.type == "number_integer":
        return int(field.value)
    if field.type in ("boolean", "json"):
        return json.loads(field.value)
    return float(field.value) if field.type == "number_decimal" else field.value
