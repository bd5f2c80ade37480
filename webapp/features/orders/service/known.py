"""Stores by what others call them."""

from sqlalchemy import select

from webapp.core.context import Context
from webapp.core.errors import STORE_NOT_FOUND, AppError
from webapp.core.models import Store
from webapp.features.orders.messages import StoreFound


def find_store(ctx: Context, shop_domain: str) -> StoreFound:
    """The merchant's store of that domain; raises AppError(store_not_found)."""
    sql = select(Store.store_id, Store.currency, Store.timezone).where(
        Store.merchant_id == ctx.merchant_id, Store.shop_domain == shop_domain
    )
    row = ctx.db.execute(sql).one_or_none()
    if row is None:
        raise AppError(STORE_NOT_FOUND, store=shop_domain)
    return StoreFound(*row)
