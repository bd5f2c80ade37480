"""The shops of a merchant."""

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, STORE_TAKEN, AppError
from webapp.core.models import Store
from webapp.core.words import CURRENCIES, new_id, shop_domain, zone
from webapp.features.accounts.messages import ConnectStore


def connect_store(ctx: Context, message: ConnectStore) -> str:
    """Add a shop to the merchant and give back its store id.

    Raises AppError: invalid_value (domain, currency or zone), store_taken.
    """
    domain = shop_domain(message.shop_domain)
    checks = {
        "shop_domain": (domain is not None, message.shop_domain),
        "currency": (message.currency in CURRENCIES, message.currency),
        "timezone": (zone(message.timezone) is not None, message.timezone),
    }
    for field, (valid, value) in checks.items():
        if not valid:
            raise AppError(INVALID_VALUE, field=field, value=value)
    store_id, token = new_id("sto_"), message.access_token
    sealed = ctx.keys.seal(token, Store.token_place(ctx.merchant_id, store_id)) if token else None
    insert = text(
        """
        insert into stores
            (merchant_id, store_id, shop_domain, app_id, currency, timezone, access_token, scopes)
        values (:merchant_id, :store_id, :domain, :app_id, :currency, :timezone, :sealed, :scopes)
        on conflict (shop_domain) do nothing returning store_id
        """
    )
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "domain": domain,
        "app_id": message.app_id,
        "currency": message.currency,
        "timezone": message.timezone,
        "sealed": sealed,
        "scopes": list(message.scopes),
    }
    if ctx.db.scalar(insert, values) is None:
        raise AppError(STORE_TAKEN, store=message.shop_domain)
    ctx.audit("store_connected", store_id=store_id, shop_domain=domain)
    return store_id
