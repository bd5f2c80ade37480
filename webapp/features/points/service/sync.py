"""The call `points/sync` of the specification."""

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.errors import CUSTOMER_NOT_FOUND, AppError
from webapp.core.members import find_member, find_stores
from webapp.core.words import new_id
from webapp.features.points.messages import PointsSynced, SyncPoints
from webapp.features.points.queries.balances import spendable
from webapp.features.points.service.backlog import apply_backlog, meet

MULTI_STORE_SYNC = "multi_store_sync"


def sync_points(ctx: Context, message: SyncPoints) -> PointsSynced:
    """The member's balance at this second, with everything that stores have told us of them.

    What waits for a worker is applied first. The stores are asked to show the balance once more
    even when they should be showing it, so a metafield that somebody changed by hand is repaired.
    Stores that do not know the member, or that we may not write to, are left alone. The call itself
    earns and spends nothing.

    Raises AppError: customer_not_found, customer_ambiguous, store_not_found.
    """
    member = _member(ctx, message.customer_id)
    store_ids = find_stores(ctx, message.store_ids)
    apply_backlog(ctx, member)
    values = {"merchant_id": ctx.merchant_id, "member": member, "store_ids": list(store_ids)}
    requests = [
        (new_id("sync_"), {"store_id": store_id, "customers": [member], "again": True})
        for store_id in ctx.db.scalars(_REACHABLE, values)
    ]
    ctx.emit_all("points.changed", requests)
    ctx.audit(MULTI_STORE_SYNC, customer_id=member, store_ids=list(store_ids))
    ctx.track(MULTI_STORE_SYNC, stores=len(store_ids))
    ctx.stale(cache.points_tag(member), cache.tiers_tag(member))
    return PointsSynced(spendable(ctx, member))


def _member(ctx: Context, asked: str) -> str:
    """The member; also one whose first order waits for a worker."""
    try:
        return find_member(ctx, asked)
    except AppError as error:
        if error.kind is not CUSTOMER_NOT_FOUND or not meet(ctx, asked):
            raise
        return find_member(ctx, asked)


_REACHABLE = text(
    """
    with homes as materialized (
        select customer_id from users where merchant_id = :merchant_id and customer_id = :member
        union all
        select customer_id from users where merchant_id = :merchant_id and merged_into = :member
    )
    select distinct i.store_id
    from homes
    join customer_identities i
        on i.merchant_id = :merchant_id and i.customer_id = homes.customer_id
    join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
    where i.store_id = any(:store_ids) and s.access_token is not null
    order by i.store_id
    """
)
