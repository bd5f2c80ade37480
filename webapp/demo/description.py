"""What a running demo says of itself, to its shops (`shop.json` and the second one's) and to
programs (`demo.json`)."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from webapp.core.words import currency_exponent
from webapp.demo import second
from webapp.demo.names import NAMES
from webapp.demo.options import Options
from webapp.demo.seed import DemoShop, DemoStore, Person
from webapp.demo.services import Ports, authority_file, shop_files, write_private
from webapp.features.orders import queries as order_queries
from webapp.features.orders.commands import patiently
from webapp.features.orders.pages import SIMULATED
from webapp.features.points import queries as points_queries
from webapp.features.rfm import queries as rfm_queries
from webapp.features.rfm.domain.scoring import SEGMENTS
from webapp.parts import Parts

SHOP_NAME = "Nest & Bloom"
# What sending costs, and the taxes: on top of the price in the first shop, inside it in the second.
FIRST_TAX, FIRST_SHIPPING = "0.08", 6
SECOND_TERMS: Mapping[str, object] = {
    "tax_rate": "0.19",
    "taxes_included": True,
    "shipping": "4.90",
}
SECOND_ZONE = "Europe/Berlin"


def describe_shops(
    folder: Path, ports: Ports, shop: DemoShop, other: DemoStore, parts: Parts, options: Options
) -> None:
    """Tell the shops who they are and what to show; they read the files again when they change."""
    (folder / "shop").mkdir(exist_ok=True)
    start = {
        **patiently(parts.database, partial(figures, parts, shop)),
        "services": {
            "LoyalNest web": ports.web_url,
            "LoyalNest gRPC": ports.grpc_address,
            SHOP_NAME: ports.shop_url,
            second.SHOP_NAME: ports.second_url,
            **{f"Stand-in: {name}": url for name, url in ports.standin_urls.items()},
        },
    }
    files = shop_files(folder)
    common = _common(folder, ports, shop)
    first = _first(ports, shop, other)
    label = "" if options.orders else SIMULATED
    write_private(files[0], {**common, **first, "label": label, "start": start})
    write_private(files[1], {**common, **_second(ports, shop, other), "label": SIMULATED})


def _common(folder: Path, ports: Ports, shop: DemoShop) -> Mapping[str, object]:
    return {
        "host": "127.0.0.1",
        "data_dir": folder / "shop",
        "web_url": ports.web_url,
        "standins": ports.standin_urls,
        "admin": {"merchant_id": shop.merchant_id, "admin_user_id": shop.admin_user_id},
    }


def _app(shop: DemoShop, access_token: str) -> Mapping[str, str]:
    return {
        "api_key": shop.api_key,
        "app_secret": shop.app_secret,
        "access_token": access_token,
    }


def _first(ports: Ports, shop: DemoShop, other: DemoStore) -> Mapping[str, object]:
    neighbour = {
        "name": second.SHOP_NAME,
        "url": ports.second_url,
        "shop_domain": other.shop_domain,
        "customers": {one.customer_id: one.other_id for one in shop.people},
    }
    return {
        "port": ports.shop,
        "app": _app(shop, shop.access_token),
        "store": {
            "shop_domain": shop.shop_domain,
            "name": SHOP_NAME,
            "currency": shop.currency,
            "locale": "en",
            "tax_rate": FIRST_TAX,
            # As prices are, see `drops.hundredths`.
            "shipping": str(FIRST_SHIPPING * (1 if currency_exponent(shop.currency) else 100)),
        },
        "customers": [_sample(one, one.customer_id, True) for one in shop.people],
        "others": [neighbour],
    }


def _second(ports: Ports, shop: DemoShop, other: DemoStore) -> Mapping[str, object]:
    neighbour = {
        "name": SHOP_NAME,
        "url": ports.shop_url,
        "shop_domain": shop.shop_domain,
        "customers": {one.other_id: one.customer_id for one in shop.people},
    }
    return {
        "port": ports.second,
        "app": _app(shop, other.access_token),
        "store": {
            "shop_domain": other.shop_domain,
            "name": second.SHOP_NAME,
            "currency": other.currency,
            "locale": "en",
            "timezone": SECOND_ZONE,
            **SECOND_TERMS,
        },
        "customers": [_sample(one, one.other_id, one.verified) for one in shop.people],
        "others": [neighbour],
        "cookie_tag": "_second",
        "tone": second.TONE,
        "start_url": f"{ports.shop_url}/demo",
        "mail_domain": "example.org",
        "phone_prefix": "+49555",
    }


def _sample(one: Person, number: str, verified: bool) -> Mapping[str, object]:
    return {
        "customer_id": number,
        "role": one.role,
        "locale": one.locale,
        "name": NAMES[one.locale],
        "email": f"customer-{one.customer_id}@example.com",
        "verified": verified,
    }


def figures(parts: Parts, shop: DemoShop) -> dict[str, dict[str, object]]:
    """What the start page shows: orders, customers, points, and customers by segment."""
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        orders, points = order_queries.totals(ctx), points_queries.totals(ctx)
        shops = rfm_queries.shops(ctx)
    counted: dict[str, object] = dict.fromkeys(SEGMENTS, 0)
    for one in shops:
        for name in SEGMENTS if one.segments else ():
            counted[name] = int(str(counted[name])) + int(one.segments[name])
    return {
        "figures": {
            "Orders": orders.orders,
            "Customers": orders.customers,
            "Points": points.points,
        },
        "segments": counted if any(counted.values()) else {},
    }


def write_description(
    folder: Path, ports: Ports, shop: DemoShop, other: DemoStore, environment: Mapping[str, str]
) -> None:
    """`demo.json`: what programs need to use the demo. Development secrets only."""
    stores: Sequence[Mapping[str, str]] = [
        {
            "store_id": shop.store_id,
            "shop_domain": shop.shop_domain,
            "storefront_url": ports.shop_url,
        },
        {
            "store_id": other.store_id,
            "shop_domain": other.shop_domain,
            "storefront_url": ports.second_url,
        },
    ]
    content = {
        "base_url": ports.web_url,
        "grpc_address": ports.grpc_address,
        "storefront_url": ports.shop_url,
        "admin_url": f"{ports.shop_url}/demo/admin",
        "database_url": environment["DATABASE_URL"],
        "redis_url": environment["REDIS_URL"],
        "merchant_id": shop.merchant_id,
        "app": {"api_key": shop.api_key, "app_secret": shop.app_secret},
        "standins": ports.standin_urls,
        "stores": stores,
        "keys": {"admin": shop.admin_key, "customer": shop.customer_key},
        "wallet_ca": str(authority_file(folder).with_suffix(".pem")),
        "customers": [
            {
                "customer_id": one.customer_id,
                "shop_domain": shop.shop_domain,
                "locale": one.locale,
                "also": {"customer_id": one.other_id, "shop_domain": other.shop_domain},
                "recognised": one.verified,
            }
            for one in shop.people
        ],
    }
    write_private(folder / "demo.json", content)
