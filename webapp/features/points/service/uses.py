"""Codes that orders used, and codes that ran out."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.domain.rewards import GRACE, REMINDED
from webapp.features.points.messages import OrderRange
from webapp.features.points.queries.balances import spendable
from webapp.features.points.service import ledger
from webapp.features.points.service.held import Held, enter, give_back, hold, take_piece

# What is ended in one transaction.
AT_ONCE = 200
UNPAID, CANCELLED = "unpaid", "cancelled"


def record_uses(ctx: Context, orders: OrderRange) -> None:
    """Find codes of ours among those of new orders, in any spelling of case.

    Whoever used a code whose points had come back pays them again where the balance allows it; else
    the use is recorded as `unpaid`, and the balance is never below zero for it (decision 0022).
    """
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": orders.store_id,
        "first": orders.first,
        "last": orders.last,
    }
    used = {str(r): str(key) for r, key in ctx.db.execute(_USED, values)}
    for held in hold(ctx, list(used)):
        if held.state == "used":
            enter(ctx, held, "used", order_key=used[held.redemption_id])
            continue
        paid = not held.returned or _pay_again(ctx, held)
        if held.returned:
            take_piece(ctx, held)
        state = {"reason": None, "returned": False} if paid else {"reason": UNPAID}
        enter(ctx, held, "used", order_key=used[held.redemption_id], **state)


def return_uses(ctx: Context, store_id: str, orders: Sequence[int]) -> None:
    """Give back what was paid for the codes of orders that are cancelled now: the shop does not let
    a code be used again. A part that is refunded leaves its code used."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, "orders": list(orders)}
    for held in hold(ctx, list(ctx.db.scalars(_OF_ORDERS, values))):
        if held.state == "used" and held.reason != UNPAID:
            give_back(ctx, held, CANCELLED)
            enter(ctx, held, "returned", returned=True, reason=CANCELLED)


def expire_codes(ctx: Context) -> None:
    """End some of the codes that ran out a day ago, by the policy that their reward had, and ask
    for more when there may be. What was used or given back while we waited for its member is left
    as it is. A code that its member has asked to give back in time, and that the shop did not say
    it had ended, returns its points under any policy: it may have been of no use since."""
    values = {"merchant_id": ctx.merchant_id, "before": ctx.now - GRACE, "most": AT_ONCE}
    ended = list(ctx.db.scalars(_ENDED, values))
    for held in hold(ctx, ended):
        if held.state != "ready":
            continue
        returns = held.terms.returns or held.reason is not None
        if returns:
            give_back(ctx, held)
        enter(ctx, held, "expired", returned=returns)
    if len(ended) == AT_ONCE:
        ctx.emit("points.codes_ended", new_id("due_"), {})


def remind_of_codes(ctx: Context) -> None:
    """Say once of each code that it can be used for three days more."""
    values = {
        "merchant_id": ctx.merchant_id,
        "now": ctx.now,
        "until": ctx.now + REMINDED,
        "notice": REMINDED,
    }
    reminders = [
        (
            str(row.redemption_id),
            {
                "customer_id": row.member,
                "store_id": row.store_id,
                "code": row.code,
                "reward": row.reward,
            },
        )
        for row in ctx.db.execute(_ENDING, values)
    ]
    ctx.emit_all("points.code_expiring", reminders)


def _pay_again(ctx: Context, held: Held) -> bool:
    """Take the points of a code that was used after they had come back; False when they are not
    there any more."""
    if spendable(ctx, held.member) < held.points:
        return False
    debit = ledger.Debit(
        member=held.member,
        store_id=held.store_id,
        type="redeem",
        points=held.points,
        key=f"used:{held.redemption_id}",
        occurred_at=ctx.now,
        redemption_id=held.redemption_id,
    )
    ledger.debit(ctx, debit)
    return True


# Our codes are in capitals. A code that is `used` without an order is one that the shop told of.
_USED = text(
    """
    select d.redemption_id, o.external_id
    from orders o
    cross join unnest(o.discount_codes) as said(code)
    join redemptions d on d.merchant_id = o.merchant_id and d.store_id = o.store_id
        and d.code = upper(said.code)
    where o.merchant_id = :merchant_id and o.store_id = :store_id
      and o.order_id between :first and :last and o.discount_codes <> '{}'
      and d.order_key is null
    """
)

_OF_ORDERS = text(
    """
    select d.redemption_id
    from orders o join redemptions d on d.merchant_id = o.merchant_id
        and d.store_id = o.store_id and d.order_key = o.external_id
    where o.merchant_id = :merchant_id and o.store_id = :store_id and o.order_id = any(:orders)
      and o.cancelled_at is not null and d.state = 'used'
    """
)

_ENDED = text(
    """
    select redemption_id from redemptions
    where merchant_id = :merchant_id and state = 'ready' and expires_at <= :before
    order by redemption_id
    limit :most
    """
)

_ENDING = text(
    """
    select d.redemption_id, d.store_id, d.code, r.names ->> r.default_locale as reward,
           coalesce(u.merged_into, u.customer_id) as member
    from redemptions d
    join rewards r using (merchant_id, reward_id)
    join users u on u.merchant_id = d.merchant_id and u.customer_id = d.customer_id
    where d.merchant_id = :merchant_id and d.state = 'ready'
      and d.expires_at > :now and d.expires_at <= :until
      and d.expires_at - d.redeemed_at > :notice
    order by d.redemption_id
    """
)
