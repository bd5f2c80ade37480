"""Showing cards again that a store should be showing already, of some members or of all."""

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import STORE_NOT_FOUND, AppError
from webapp.core.words import new_id
from webapp.features.points.service.pushes import ask_again

PUSH_ASKED = "sync_push_asked"
MEMBERS_AT_ONCE = 5_000


def ask_all(ctx: Context, store_id: str) -> None:
    """Have all cards of a store pushed again. Raises AppError(store_not_found), also for a store
    that we may not write to."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    if not ctx.db.scalar(_CONNECTED, values):
        raise AppError(STORE_NOT_FOUND, store=store_id)
    ctx.audit(PUSH_ASKED, store_id=store_id)
    ctx.emit("points.push_asked", new_id("all_"), {"store_id": store_id, "after": ""})


_CONNECTED = text(
    """
    select exists (
        select from stores
        where merchant_id = :merchant_id and store_id = :store_id and access_token is not null
    )
    """
)


def push_next(ctx: Context, store_id: str, after: str) -> None:
    """Ask for the next members of a store, those whose homes come behind `after`, and for the step
    after this one."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "after": after,
        "most": MEMBERS_AT_ONCE,
    }
    homes = [str(home) for home in ctx.db.scalars(_NEXT, values)]
    ask_again(ctx, store_id, homes)
    if len(homes) == MEMBERS_AT_ONCE:
        payload = {"store_id": store_id, "after": homes[-1]}
        ctx.emit("points.push_asked", new_id("all_"), payload)


_NEXT = text(
    """
    select distinct customer_id from customer_identities
    where merchant_id = :merchant_id and store_id = :store_id and customer_id > :after
    order by customer_id
    limit :most
    """
)
