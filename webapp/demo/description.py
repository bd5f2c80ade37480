"""What a running demo says of itself, to its shop (`shop.json`) and to programs (`demo.json`)."""

from functools import partial
from pathlib import Path

from webapp.demo.options import Options
from webapp.demo.seed import DemoShop, Member
from webapp.demo.services import Ports, write_private
from webapp.features.orders import queries as order_queries
from webapp.features.orders.commands import patiently
from webapp.features.orders.pages import SIMULATED
from webapp.features.points import queries as points_queries
from webapp.features.rfm import queries as rfm_queries
from webapp.features.rfm.domain.scoring import SEGMENTS
from webapp.parts import Parts

SHOP_NAME = "Nest & Bloom"


def describe_shop(
    folder: Path,
    ports: Ports,
    shop: DemoShop,
    parts: Parts,
    options: Options,
    sample: tuple[Member, ...],
) -> None:
    """Tell the shop who it is and what to show; it reads the file again when it changes."""
    content = {
        "host": "127.0.0.1",
        "port": ports.shop,
        "data_dir": folder / "shop",
        "web_url": ports.web_url,
        "app": {
            "api_key": shop.api_key,
            "app_secret": shop.app_secret,
            "access_token": shop.access_token,
        },
        "store": {
            "shop_domain": shop.shop_domain,
            "name": SHOP_NAME,
            "currency": shop.currency,
            "locale": "en",
        },
        "standins": ports.standin_urls,
        "admin": {"merchant_id": shop.merchant_id, "admin_user_id": shop.admin_user_id},
        "label": "" if options.orders else SIMULATED,
        "customers": [
            {"customer_id": m.customer_id, "role": m.role, "locale": m.locale} for m in sample
        ],
        "start": {
            **patiently(parts.database, partial(figures, parts, shop)),
            "services": {
                "LoyalNest web": ports.web_url,
                "LoyalNest gRPC": ports.grpc_address,
                "Shop": ports.shop_url,
                **{f"Stand-in: {name}": url for name, url in ports.standin_urls.items()},
            },
        },
    }
    (folder / "shop").mkdir(exist_ok=True)
    write_private(folder / "shop.json", content)


def figures(parts: Parts, shop: DemoShop) -> dict[str, dict[str, object]]:
    """What the start page shows: orders, customers, points, and customers by segment."""
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        orders, points = order_queries.totals(ctx), points_queries.totals(ctx)
        shops = rfm_queries.shops(ctx)
    return {
        "figures": {
            "Orders": orders.orders,
            "Customers": orders.customers,
            "Points": points.points,
        },
        "segments": {name: s.segments[name] for s in shops for name in SEGMENTS if s.segments},
    }


def write_description(
    folder: Path,
    ports: Ports,
    shop: DemoShop,
    environment: dict[str, str],
    sample: tuple[Member, ...],
) -> None:
    """`demo.json`: what programs need to use the demo. Development secrets only."""
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
        "stores": [{"store_id": shop.store_id, "shop_domain": shop.shop_domain}],
        "keys": {"admin": shop.admin_key, "customer": shop.customer_key},
        "customers": [
            {"customer_id": m.customer_id, "shop_domain": shop.shop_domain, "locale": m.locale}
            for m in sample
        ],
    }
    write_private(folder / "demo.json", content)
