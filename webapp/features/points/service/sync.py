"""The call `points/sync` of the specification."""

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.members import find_member, find_stores
from webapp.core.words import new_id
from webapp.features.points.messages import PointsSynced, SyncPoints

MULTI_STORE_SYNC = "multi_store_sync"


def sync_points(ctx: Context, message: SyncPoints) -> PointsSynced:
    """The stores are asked to show the balance once more even when they should be showing it, so a
    metafield that somebody changed by hand is repaired. Stores that do not know the member, or that
    we may not write to, are left alone. No points are earned or spent.

    Raises AppError: customer_not_found, customer_ambiguous, store_not_found.
    """
    customer_id = find_member(ctx, message.customer_id)
    store_ids = find_stores(ctx, message.store_ids)
    values = {
        "merchant_id": ctx.merchant_id,
        "customer_id": customer_id,
        "store_ids": list(store_ids),
    }
    reachable = ctx.db.scalars(_REACHABLE, values)
    requests = [
        (new_id("sync_"), {"store_id": store_id, "customers": [customer_id], "again": True})
        for store_id in reachable
    ]
    ctx.emit_all("points.changed", requests)
    ctx.audit(MULTI_STORE_SYNC, customer_id=customer_id, store_ids=list(store_ids))
    ctx.track(MULTI_STORE_SYNC, stores=len(store_ids))
    ctx.stale(cache.points_tag(customer_id))
    return PointsSynced(int(ctx.db.scalar(_BALANCE, values) or 0))


_REACHABLE = text(
    """
select distinct i.store_id
from customer_identities i
join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
where i.merchant_id = :merchant_id and i.customer_id = :customer_id
  and i.store_id = any(:store_ids) and s.access_token is not null
order by i.store_id
"""
)

_BALANCE = text(
    """
select points_balance from users where merchant_id = :merchant_id and customer_id = :customer_id
"""
)
