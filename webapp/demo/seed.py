"""What the demo puts into the database: an app, a merchant with two shops, and its keys.

Each order file has a merchant of its own, so that the figures on its dashboard are the file's.
What was made is remembered in `DIR/state.json`; it holds development secrets only.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from webapp.core import i18n, routing
from webapp.core.context import Context
from webapp.core.crypto import SealedValueError
from webapp.core.tenancy import ADMIN_PERMISSIONS
from webapp.core.words import new_id
from webapp.demo.services import write_private
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, CreateServiceKey, RegisterApp
from webapp.parts import Parts

SUFFIX = ".myshopify.com"


@dataclass(frozen=True, slots=True)
class DemoStore:
    """The merchant's second shop, served by the same app."""

    store_id: str
    shop_domain: str
    currency: str
    access_token: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to sign in as, who shops in both: `customer_id` is the number in the first shop,
    `other_id` in the second, which knows whether the address is theirs (`verified`)."""

    customer_id: str
    other_id: str
    locale: str
    role: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class DemoShop:
    """One seeded merchant with its first shop, the app that serves it, and its keys; the second
    shop once it is made, the people once they are chosen, and whether the shops have told of them.
    """

    merchant_id: str
    store_id: str
    shop_domain: str
    currency: str
    admin_user_id: str
    access_token: str
    api_key: str
    app_secret: str
    admin_key: str
    customer_key: str
    second: DemoStore | None = None
    people: tuple[Person, ...] = ()
    introduced: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A customer to sign in as; `customer_id` is the shop's own."""

    customer_id: str
    points: int
    role: str
    locale: str


def seed(parts: Parts, state_file: Path, shop_domain: str, name: str, currency: str) -> DemoShop:
    """The shop for that domain: as remembered, or made now; it may be asked for again at any time.

    Where the domain belongs to somebody else (another folder on the same server, or this folder
    before its state was lost), the new shop's domain has a random part.
    """
    state = recall(state_file)
    if shop_domain in state:
        shop = remembered(state[shop_domain])
        if is_ours(parts, shop):
            return shop
    with parts.database.transaction(new_id("mer_")) as ctx:
        shop = make(ctx, free_domain(parts, shop_domain), name, currency)
        # Before the commit, for what is committed and not remembered could never be used again.
        write_private(state_file, {**state, shop_domain: asdict(shop)})
    return shop


def with_second(parts: Parts, state_file: Path, wanted: str, shop: DemoShop) -> DemoShop:
    """The same merchant with a second shop, which is made when there is none yet. Its currency is
    another one than the first shop's."""
    if shop.second:
        return shop
    domain = free_domain(parts, f"{shop.shop_domain.removesuffix(SUFFIX)}-eu{SUFFIX}")
    currency = "USD" if shop.currency == "EUR" else "EUR"
    with parts.database.transaction(shop.merchant_id) as ctx:
        token = f"shpat_{secrets.token_hex(16)}"
        store_id = connect(ctx, domain, app_of(ctx, shop), currency, token)
        both = replace(shop, second=DemoStore(store_id, domain, currency, token))
        remember(state_file, wanted, both)
    return both


def recall(state_file: Path) -> dict[str, Any]:
    """Wanted domain -> what was made for it."""
    if not state_file.exists():
        return {}
    found: dict[str, Any] = json.loads(state_file.read_text())
    return found


def remember(state_file: Path, wanted: str, shop: DemoShop) -> None:
    """Keep what was made for the domain that was `wanted`."""
    write_private(state_file, {**recall(state_file), wanted: asdict(shop)})


def remembered(kept: Mapping[str, Any]) -> DemoShop:
    """A shop as `state.json` holds it; one of an older version has no second shop."""
    second = kept.get("second")
    people = tuple(Person(**one) for one in kept.get("people", ()))
    given = {**kept, "second": DemoStore(**second) if second else None, "people": people}
    return DemoShop(**given)


def is_ours(parts: Parts, shop: DemoShop) -> bool:
    """Whether the database holds this very shop, sealed with the keys of this folder."""
    with parts.database.before_tenant() as db:
        known = routing.tenant_of_shop(db, shop.shop_domain)
        if known is None or known.store_id != shop.store_id:
            return False
        try:
            return shop.app_secret in accounts.app_secrets(db, parts.keys, known.app_id)
        except SealedValueError:
            return False


def free_domain(parts: Parts, wanted: str) -> str:
    """`wanted`, or when the database knows it already, one that differs by a random part."""
    domain = wanted
    with parts.database.before_tenant() as db:
        while routing.tenant_of_shop(db, domain):
            domain = f"{wanted.removesuffix(SUFFIX)}-{secrets.token_hex(2)}{SUFFIX}"
    return domain


def make(ctx: Context, shop_domain: str, name: str, currency: str) -> DemoShop:
    """Register an app, and add the merchant of `ctx` with one shop, an owner and two keys."""
    app_id, api_key = f"app_{shop_domain}", secrets.token_hex(16)
    app_secret, access_token = secrets.token_hex(32), f"shpat_{secrets.token_hex(16)}"
    accounts.register_app(ctx.db, ctx.keys, RegisterApp(app_id, api_key, app_secret))
    accounts.create_merchant(ctx, name)
    storefront = CreateServiceKey(frozenset({"customer:frontend"}))
    return DemoShop(
        merchant_id=ctx.merchant_id,
        store_id=connect(ctx, shop_domain, app_id, currency, access_token),
        shop_domain=shop_domain,
        currency=currency,
        admin_user_id=accounts.add_admin(ctx, "Robin", "owner"),
        access_token=access_token,
        api_key=api_key,
        app_secret=app_secret,
        admin_key=accounts.create_service_key(ctx, CreateServiceKey(ADMIN_PERMISSIONS)),
        customer_key=accounts.create_service_key(ctx, storefront),
    )


def connect(ctx: Context, domain: str, app_id: str, currency: str, token: str) -> str:
    """Add a shop to the merchant; its store id. The shop is asked about itself afterwards."""
    store = ConnectStore(domain, app_id, currency, access_token=token, scopes=accounts.SCOPES)
    store_id = accounts.connect_store(ctx, store)
    accounts.ask_shop_facts(ctx, store_id)
    return store_id


def app_of(ctx: Context, shop: DemoShop) -> str:
    """The app that serves the first shop."""
    values = {"m": shop.merchant_id, "s": shop.store_id}
    sql = text("select app_id from stores where merchant_id = :m and store_id = :s")
    return str(ctx.db.scalar(sql, values))


def members(parts: Parts, shop: DemoShop) -> list[Member]:
    """One member for each language, from the richest to the newest: the first is the top member,
    the middle a typical one, the last has the least."""
    count = len(i18n.LOCALES)
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        values = {"m": shop.merchant_id, "s": shop.store_id, "count": count}
        rows = list(ctx.db.execute(text(_SPREAD), values))
    roles = {0: "top", len(rows) // 2: "typical", len(rows) - 1: "new"}
    return [
        Member(external_id, points, roles.get(i, ""), i18n.LOCALES[i])
        for i, (external_id, points) in enumerate(rows)
    ]


_SPREAD = """
with ranked as (
    select i.external_id, c.points,
           row_number() over (order by c.points desc, i.external_id) as place,
           ntile(:count) over (order by c.points desc, i.external_id) as slice
    from customer_identities i
    join customer_cards c on c.merchant_id = i.merchant_id and c.customer_id = i.customer_id
    where i.merchant_id = :m and i.store_id = :s
)
select distinct on (slice) external_id, points from ranked order by slice, place
"""
