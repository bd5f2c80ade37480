"""Redemptions whose members are locked, and what may be done with them then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.features.points.domain.rewards import Terms
from webapp.features.points.service import ledger
from webapp.features.points.service.rewards import catalogue_changed


@dataclass(frozen=True, slots=True)
class Held:
    """A redemption whose member is locked. `reward` is its name in the
    programme's own language."""

    redemption_id: str
    member: str
    reward_id: str
    store_id: str
    points: int
    terms: Terms
    state: str
    returned: bool
    reward: str
    reason: str | None = None
    order_key: str | None = None


def hold(ctx: Context, redemption_ids: Sequence[str]) -> list[Held]:
    """These redemptions, in the order of their ids, once their members are locked: whom their code
    belongs to, and, should people have been parted since, whoever gave points for it."""
    if not redemption_ids:
        return []
    values = {"merchant_id": ctx.merchant_id, "ids": list(redemption_ids)}
    homes = sorted({str(home) for home in ctx.db.scalars(_HOMES, values)})
    holders = ledger.lock_members(ctx, homes)
    return [
        Held(
            redemption_id=row.redemption_id,
            member=holders[row.customer_id].member,
            reward_id=row.reward_id,
            store_id=row.store_id,
            points=row.points,
            terms=Terms(**row.terms),
            state=row.state,
            returned=row.returned,
            reward=row.reward,
            reason=row.reason,
            order_key=row.order_key,
        )
        for row in ctx.db.execute(_LOCKED, values)
    ]


def give_back(ctx: Context, held: Held, why: str = "return") -> None:
    """The points into the lots they came from, and the piece into the stock. It is done once for
    each reason why."""
    ledger.give_back(ctx, held.redemption_id, f"{why}:{held.redemption_id}", ctx.now)
    _move_stock(ctx, held, 1)


def take_piece(ctx: Context, held: Held) -> None:
    """A piece out of the stock for a code whose own had been put back; what is not there any more
    is not counted."""
    _move_stock(ctx, held, -1)


def _move_stock(ctx: Context, held: Held, by: int) -> None:
    values = {"merchant_id": ctx.merchant_id, "reward_id": held.reward_id, "by": by}
    if ctx.db.scalar(_MOVE_STOCK, values):
        catalogue_changed(ctx)


def enter(ctx: Context, held: Held, state: str, **more: Any) -> None:
    """Write the new state; what is not named stays, and a reason without name goes."""
    values = {
        "merchant_id": ctx.merchant_id,
        "redemption_id": held.redemption_id,
        "state": state,
        "reason": None,
        "discount_id": None,
        "order_key": None,
        "returned": None,
        "now": ctx.now,
        **more,
    }
    ctx.db.execute(_ENTER, values)
    ctx.stale(cache.points_tag(held.member))


def of(held: Held) -> dict[str, str]:
    return {"customer_id": held.member, "store_id": held.store_id}


_HOMES = text(
    """
    select customer_id from redemptions
    where merchant_id = :merchant_id and redemption_id = any(:ids)
    union
    select customer_id from points_transactions
    where merchant_id = :merchant_id and redemption_id = any(:ids)
    """
)

_LOCKED = text(
    """
    select d.*, r.names ->> r.default_locale as reward
    from redemptions d join rewards r using (merchant_id, reward_id)
    where d.merchant_id = :merchant_id and d.redemption_id = any(:ids)
    order by d.redemption_id
    for no key update of d
    """
)

_MOVE_STOCK = text(
    """
    update rewards set stock = stock + :by
    where merchant_id = :merchant_id and reward_id = :reward_id and stock + :by >= 0
    returning 1
    """
)

_ENTER = text(
    """
    update redemptions
    set state = :state, reason = cast(:reason as text), changed_at = :now,
        discount_id = coalesce(cast(:discount_id as text), discount_id),
        order_key = coalesce(cast(:order_key as text), order_key),
        returned = coalesce(cast(:returned as boolean), returned)
    where merchant_id = :merchant_id and redemption_id = :redemption_id
    """
)
