"""Points that a person gives or takes by hand, with a reason."""

from webapp.core.context import Context
from webapp.core.members import find_stores
from webapp.features.points.messages.identities import AdjustPoints
from webapp.features.points.queries.rules import bonus_expires_at
from webapp.features.points.service import ledger
from webapp.features.points.service.ledger import Credit, Debit

POINTS_ADJUSTED = "points_adjusted"


def adjust_points(ctx: Context, message: AdjustPoints) -> None:
    """Enter a correction of a member's points at one store; the same key counts once. Points that
    are given last as long as any given now. The reason is in the ledger and nowhere else.

    Raises AppError: customer_not_found; store_not_found; insufficient_points.
    """
    (store_id,) = find_stores(ctx, [message.store_id])
    key = f"adjust:{message.key}"
    if message.points > 0:
        credit = Credit(
            customer_id=message.customer_id,
            store_id=store_id,
            type="adjust",
            points=message.points,
            key=key,
            occurred_at=ctx.now,
            expires_at=bonus_expires_at(ctx, store_id, ctx.now),
            reason=message.reason,
        )
        entered = ledger.credit(ctx, credit) is not None
    else:
        debit = Debit(
            member=message.customer_id,
            store_id=store_id,
            type="adjust",
            points=-message.points,
            key=key,
            occurred_at=ctx.now,
            reason=message.reason,
        )
        entered = bool(ledger.debit(ctx, debit))
    if entered:
        ctx.audit(
            POINTS_ADJUSTED,
            customer_id=message.customer_id,
            store_id=store_id,
            points=message.points,
            key=key,
        )
