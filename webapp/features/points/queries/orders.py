"""What single orders brought."""

from sqlalchemy import text

from webapp.core.context import Context


def earned_by(ctx: Context, store_id: str, member: str, order: str | None) -> int | None:
    """The points that a store's order (its own number) brought its member, less what refunds took
    back; None for an order that we have not heard of, that has not earned yet, or that is somebody
    else's."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "member": member,
        "order": order,
    }
    points: int | None = ctx.db.scalar(_EARNED, values)
    return points


_EARNED = text(
    """
    select cast(sum(t.points) as bigint)
    from orders o
    join users u on u.merchant_id = o.merchant_id and u.customer_id = o.customer_id
    join points_transactions t on t.merchant_id = o.merchant_id
        and t.customer_id = o.customer_id and t.order_id = o.order_id
    where o.merchant_id = :merchant_id and o.store_id = :store_id and o.external_id = :order
      and (u.customer_id = :member or u.merged_into = :member)
    """
)
