"""How a shop comes, goes, and comes back: its token, its scopes, what Shopify says of it.

A shop is added the moment it has granted a token. `store.authorised` has Shopify asked who it is,
and only when that is known it is asked to tell us of its orders, so that none meets a store whose
currency is not known.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import STORE_TAKEN, AppError
from webapp.core.models import App, Merchant, Store
from webapp.core.words import CURRENCIES, new_id, zone
from webapp.features.accounts.domain.scopes import parse_scopes
from webapp.features.accounts.messages import (
    InstallStore,
    ShopFacts,
    StoreCall,
    StoreVisit,
    TokenGranted,
    TokenRefresh,
)
from webapp.features.accounts.service.people import admin_of_staff
from webapp.features.accounts.service.sessions import end_sessions
from webapp.features.accounts.service.subscriptions import check_subscriptions

# ISO 4217 for "no currency": what a store has between the token and the first answer of Shopify.
NO_CURRENCY = "XXX"
# A token is asked for anew after three quarters of its life; what is left is room for retries.
REFRESH_AT = 0.75
SHORTEST_LIFE = timedelta(minutes=1)

_ADD_STORE = """
insert into stores (merchant_id, store_id, shop_domain, app_id, currency)
values (:merchant_id, :store_id, :domain, :app_id, :currency)
on conflict (shop_domain) do nothing
"""
# Another merchant's store is invisible here, and so is not found.
_LET_BACK = """
update stores
set app_id = :app_id,
    installed_at = case
        when installed_at is null or uninstalled_at is not null then :wall else installed_at
    end,
    uninstalled_at = null
where merchant_id = :merchant_id and shop_domain = :domain
returning store_id
"""


def visit_store(ctx: Context, store_id: str, app_id: str, external_id: str) -> StoreVisit:
    """What is known of a store and of somebody who opens us there with this app."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    expires = store.token_expires_at
    if store.uninstalled_at is not None:
        state = "gone"
    elif store.app_id != app_id:
        state = "foreign"
    elif store.access_token and (expires is None or expires > ctx.wall + SHORTEST_LIFE):
        state = "connected"
    else:
        state = "stale"
    return StoreVisit(state, admin_of_staff(ctx, store_id, external_id))


def install_store(ctx: Context, message: InstallStore) -> str:
    """Add the shop to the merchant of `ctx`, or let it come back with everything it had; its store
    id. Raises AppError(store_taken) when the shop belongs to another merchant."""
    if ctx.db.get(Merchant, ctx.merchant_id) is None:
        ctx.db.add(Merchant(merchant_id=ctx.merchant_id, name=message.shop_domain))
        ctx.db.flush()
        ctx.audit("merchant_created", name=message.shop_domain)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": new_id("sto_"),
        "domain": message.shop_domain,
        "app_id": message.app_id,
        "currency": NO_CURRENCY,
        "wall": ctx.wall,
    }
    ctx.db.execute(text(_ADD_STORE), values)
    store_id = ctx.db.scalar(text(_LET_BACK), values)
    if store_id is None:
        raise AppError(STORE_TAKEN, store=message.shop_domain)
    store_token(ctx, store_id, message.token)
    ctx.audit("store_authorised", store_id=store_id, shop_domain=message.shop_domain)
    ask_shop_facts(ctx, store_id)
    return str(store_id)


def ask_shop_facts(ctx: Context, store_id: str) -> None:
    """Have Shopify say who a shop is, after which it is asked to tell us what happens there."""
    ctx.emit("store.authorised", new_id("ins_"), {"store_id": store_id})


def store_token(ctx: Context, store_id: str, token: TokenGranted) -> None:
    """Keep what the shop granted, sealed, and have an expiring token renewed in time."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id), populate_existing=True)
    access, refresh = (
        Store.token_place(ctx.merchant_id, store_id),
        Store.refresh_place(ctx.merchant_id, store_id),
    )
    store.access_token = ctx.keys.seal(token.access_token, access)
    store.refresh_token = (
        ctx.keys.seal(token.refresh_token, refresh) if token.refresh_token else None
    )
    store.scopes, store.token_id = list(token.scopes), new_id("tok_")
    store.token_expires_at = (
        ctx.wall + timedelta(seconds=token.expires_in) if token.expires_in else None
    )
    ctx.db.flush()
    if token.refresh_token and token.expires_in:
        payload = {"store_id": store_id, "token_id": store.token_id}
        ctx.emit("store.token_ageing", store.token_id, payload, REFRESH_AT * token.expires_in)


def prepare_refresh(ctx: Context, store_id: str, token_id: str) -> TokenRefresh | None:
    """What a new token is asked with; None when this one was replaced or wiped meanwhile."""
    store = ctx.db.get(Store, (ctx.merchant_id, store_id))
    if store is None or store.token_id != token_id or store.refresh_token is None:
        return None
    app = ctx.db.get_one(App, store.app_id)
    place = Store.refresh_place(ctx.merchant_id, store_id)
    return TokenRefresh(
        store_id=store_id,
        token_id=token_id,
        shop_domain=store.shop_domain,
        api_key=app.api_key,
        secret=ctx.keys.open(app.secret, App.place(app.app_id, "secret")),
        refresh_token=ctx.keys.open(store.refresh_token, place),
    )


def replace_token(ctx: Context, refresh: TokenRefresh, token: TokenGranted) -> None:
    """Keep a renewed token, unless the one it renews was replaced or wiped meanwhile."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, refresh.store_id), with_for_update=True)
    if store.token_id == refresh.token_id:
        store_token(ctx, refresh.store_id, token)


def prepare_store_call(ctx: Context, store_id: str) -> StoreCall | None:
    """What a call to this store's Admin API needs; None when it granted nothing (any more)."""
    store = ctx.db.get(Store, (ctx.merchant_id, store_id))
    if store is None or store.access_token is None:
        return None
    place = Store.token_place(ctx.merchant_id, store_id)
    token = ctx.keys.open(store.access_token, place)
    return StoreCall(store_id, store.shop_domain, token, f"shopify:{store_id}:{store.token_id}")


def record_shop_facts(ctx: Context, store_id: str, facts: ShopFacts) -> None:
    """Keep what Shopify says of a shop, and have it tell us what happens there from now on.

    A currency or zone that we do not know keeps what was known before.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id), with_for_update=True)
    merchant = ctx.db.get_one(Merchant, ctx.merchant_id)
    if merchant.name == store.shop_domain:
        merchant.name = facts.name
    store.name, store.shopify_plan = facts.name, facts.plan
    store.development, store.facts_at = facts.development, ctx.wall
    if facts.currency in CURRENCIES:
        store.currency = facts.currency
    if zone(facts.timezone) is not None:
        store.timezone = facts.timezone
    ctx.audit("store_installed", store_id=store_id, shop_domain=store.shop_domain)
    check_subscriptions(ctx, store_id)


def record_scopes(ctx: Context, store_id: str, scopes: str) -> None:
    """Keep what a shop grants us now."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id), with_for_update=True)
    before, store.scopes = store.scopes, list(parse_scopes(scopes))
    ctx.audit("store_scopes_changed", store_id=store_id, before=before, scopes=store.scopes)


def uninstall_store(ctx: Context, store_id: str, at: datetime) -> None:
    """Forget the tokens of a shop that has uninstalled us (at `at`), and sign its people out.

    What the shop's customers hold stays: it may come back, and its data go with shop/redact. Word
    of an end that is older than the present installation comes late, and changes nothing.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id), with_for_update=True)
    if store.installed_at is not None and at < store.installed_at:
        return
    store.access_token = store.refresh_token = store.token_id = store.token_expires_at = None
    store.scopes, store.uninstalled_at = [], ctx.wall
    ctx.db.flush()
    _end_sessions_of(ctx, store_id)
    _end_subscriptions(ctx, store_id)
    ctx.audit("store_uninstalled", store_id=store_id, shop_domain=store.shop_domain)


def forget_store(ctx: Context, store_id: str, asked_at: datetime) -> None:
    """Wipe what a shop once granted, also where we never heard that it had uninstalled us; unless
    it has come back meanwhile."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id), with_for_update=True)
    if store.access_token is not None and not store.came_back(asked_at):
        uninstall_store(ctx, store_id, asked_at)


def _end_sessions_of(ctx: Context, store_id: str) -> None:
    """Sign out the people of this shop; of the last shop, everybody."""
    left = "select 1 from stores where merchant_id = :m and uninstalled_at is null limit 1"
    if ctx.db.scalar(text(left), {"m": ctx.merchant_id}) is None:
        end_sessions(ctx)
        return
    people = "select admin_user_id from admin_users where merchant_id = :m and store_id = :s"
    for admin_user_id in ctx.db.scalars(text(people), {"m": ctx.merchant_id, "s": store_id}):
        end_sessions(ctx, admin_user_id)


def _end_subscriptions(ctx: Context, store_id: str) -> None:
    """What the shop paid for ends with the installation, as it does at Shopify."""
    sql = text(
        """
        update subscriptions set state = 'cancelled', ended_at = :wall
        where merchant_id = :m and store_id = :s
          and state in ('requested', 'pending', 'active', 'frozen')
        """
    )
    ctx.db.execute(sql, {"m": ctx.merchant_id, "s": store_id, "wall": ctx.wall})
