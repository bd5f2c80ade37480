"""Rewards for points, and codes given back: what members do. What the shop does of it is in
`codes`.

Locks are taken in one order everywhere: the member's row, then the redemption, then the reward.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.errors import IDEMPOTENCY_KEY_REUSED, AppError
from webapp.core.refusals import (
    REDEMPTION_ENDED,
    REDEMPTION_NOT_FOUND,
    REDEMPTION_PREPARING,
    REWARD_NOT_FOUND,
    REWARD_SOLD_OUT,
    REWARD_UNAVAILABLE,
)
from webapp.core.words import new_id
from webapp.features.points.domain.rewards import Terms, new_code, offered
from webapp.features.points.messages import (
    CancelRedemption,
    RedeemReward,
    RedemptionCancelled,
    RewardRedeemed,
)
from webapp.features.points.queries.balances import spendable
from webapp.features.points.service import ledger
from webapp.features.points.service.rewards import catalogue_changed

REWARD_REDEEMED = "reward_redeemed"
REDEMPTION_CANCELLED = "redemption_cancelled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reward as it is had at one store."""

    terms: Terms
    points: int
    valid_days: int
    limited: bool


def redeem(ctx: Context, message: RedeemReward) -> RewardRedeemed:
    """Take the points and choose the code, in one transaction; the shop makes the code afterwards.

    The key says which wish this is: what was redeemed with it before is given back unchanged, for
    ever. Raises AppError: reward_not_found, reward_unavailable, reward_sold_out,
    insufficient_points, idempotency_key_reused.
    """
    holder = ledger.lock_member(ctx, message.customer_id)
    known = ctx.db.execute(_BY_KEY, {**_mine(ctx), "key": message.key}).one_or_none()
    if known:
        if known.reward_id != message.reward_id:
            raise AppError(IDEMPOTENCY_KEY_REUSED)
        return RewardRedeemed(known.redemption_id, known.state, spendable(ctx, holder.member))
    wanted = wanted_reward(ctx, message)
    redemption_id = new_id("rdm_")
    take_points(ctx, holder.member, message.store_id, redemption_id, wanted.points)
    if wanted.limited:
        take_from_stock(ctx, message.reward_id)
    values = {
        **_mine(ctx),
        "redemption_id": redemption_id,
        "reward_id": message.reward_id,
        "member_id": holder.member,
        "store_id": message.store_id,
        "external_id": message.external_id,
        "points": wanted.points,
        "terms": json.dumps(asdict(wanted.terms)),
        "code": new_code(),
        "expires_at": ctx.now + timedelta(days=wanted.valid_days),
        "key": message.key,
        "now": ctx.now,
    }
    if ctx.db.scalar(_REDEEM, values) is None:
        # The store customer has been forgotten meanwhile; nothing of this stays.
        raise AppError(REWARD_UNAVAILABLE)
    happened = {"external_id": message.external_id, "at": ctx.now.isoformat()}
    payload = {**told(message.store_id, redemption_id), **happened}
    ctx.emit("points.redeemed", redemption_id, payload)
    ctx.audit(REWARD_REDEEMED, **told(message.store_id, redemption_id), points=wanted.points)
    ctx.track(REWARD_REDEEMED, kind=wanted.terms.kind, points=wanted.points)
    ctx.stale(cache.points_tag(holder.member))
    return RewardRedeemed(redemption_id, "preparing", spendable(ctx, holder.member))


def take_points(ctx: Context, member: str, store_id: str, redemption_id: str, points: int) -> None:
    """The entry of a redemption. Raises AppError(insufficient_points)."""
    debit = ledger.Debit(
        member=member,
        store_id=store_id,
        type="redeem",
        points=points,
        key=f"redeem:{redemption_id}",
        occurred_at=ctx.now,
        redemption_id=redemption_id,
    )
    ledger.debit(ctx, debit)


def wanted_reward(ctx: Context, message: RedeemReward) -> Wanted:
    """The reward as it is at the store. Raises AppError: reward_not_found, reward_unavailable (also
    where the store is not connected), reward_sold_out."""
    values = {**_mine(ctx), "reward_id": message.reward_id, "store_id": message.store_id}
    row = ctx.db.execute(_REWARD, values).one_or_none()
    if row is None:
        raise AppError(REWARD_NOT_FOUND)
    here = offered(message.store_id, row.currency, row.kind, row.amounts, row.minimums, row.stores)
    if not (row.active and row.connected and here):
        raise AppError(REWARD_UNAVAILABLE)
    if row.stock == 0:
        raise AppError(REWARD_SOLD_OUT)
    terms = Terms(
        kind=row.kind,
        currency=row.currency,
        returns=row.return_on_expiry == "return",
        amount_minor=row.amounts[row.currency] if row.kind == "amount_off" else None,
        percent=row.percent if row.kind == "percentage" else None,
        product=row.product if row.kind == "free_product" else None,
        minimum_minor=row.minimums.get(row.currency),
    )
    return Wanted(terms, row.points, row.valid_days, limited=row.stock is not None)


def take_from_stock(ctx: Context, reward_id: str) -> None:
    """One piece less; the merchant hears of the last. Raises AppError(reward_sold_out)."""
    left = ctx.db.execute(_TAKE, {**_mine(ctx), "reward_id": reward_id}).one_or_none()
    if left is None:
        raise AppError(REWARD_SOLD_OUT)
    catalogue_changed(ctx)
    if left.stock == 0:
        payload = {"reward_id": reward_id, "reward": left.name}
        ctx.emit("points.reward_sold_out", new_id("out_"), payload)


def cancel_redemption(ctx: Context, message: CancelRedemption) -> RedemptionCancelled:
    """Ask that an unused code be given back. The shop is asked first whether it was used; only then
    the points return. A repeated wish changes nothing.

    Raises AppError: redemption_not_found (also for somebody else's), redemption_preparing,
    redemption_ended.
    """
    holder = ledger.lock_member(ctx, message.customer_id)
    values: dict[str, Any] = {
        **_mine(ctx),
        "redemption_id": message.redemption_id,
        "homes": list(holder.homes),
    }
    row = ctx.db.execute(_MINE, values).one_or_none()
    if row is None:
        raise AppError(REDEMPTION_NOT_FOUND)
    if row.state == "preparing":
        raise AppError(REDEMPTION_PREPARING)
    if row.state in ("cancelling", "returned"):
        return RedemptionCancelled(message.redemption_id, row.state)
    if row.state != "ready":
        raise AppError(REDEMPTION_ENDED)
    ctx.db.execute(_CANCEL, {**values, "now": ctx.now})
    ctx.emit("points.cancel_asked", new_id("back_"), told(row.store_id, message.redemption_id))
    ctx.audit(REDEMPTION_CANCELLED, **told(row.store_id, message.redemption_id))
    ctx.stale(cache.points_tag(holder.member))
    return RedemptionCancelled(message.redemption_id, "cancelling")


def told(store_id: str, redemption_id: str) -> dict[str, str]:
    return {"store_id": store_id, "redemption_id": redemption_id}


def _mine(ctx: Context) -> dict[str, Any]:
    return {"merchant_id": ctx.merchant_id}


_BY_KEY = text(
    """
    select redemption_id, reward_id, state from redemptions
    where merchant_id = :merchant_id and idempotency_key = :key
    """
)

_REWARD = text(
    """
    select r.*, s.currency, s.access_token is not null as connected
    from rewards r join stores s on s.merchant_id = r.merchant_id and s.store_id = :store_id
    where r.merchant_id = :merchant_id and r.reward_id = :reward_id
    """
)

_TAKE = text(
    """
    update rewards set stock = stock - 1
    where merchant_id = :merchant_id and reward_id = :reward_id and stock > 0
    returning stock, names ->> default_locale as name
    """
)

# The home is that of the store customer to whom the code is bound.
_REDEEM = text(
    """
    insert into redemptions (
        merchant_id, redemption_id, reward_id, member_id, customer_id, store_id, external_id,
        points, terms, state, code, expires_at, idempotency_key, redeemed_at, changed_at
    )
    select i.merchant_id, :redemption_id, :reward_id, :member_id, i.customer_id, i.store_id,
           i.external_id, :points, cast(:terms as jsonb), 'preparing', :code, :expires_at, :key,
           :now, :now
    from customer_identities i
    where i.merchant_id = :merchant_id and i.store_id = :store_id and i.external_id = :external_id
    returning redemption_id
    """
)

_MINE = text(
    """
    select state, store_id from redemptions
    where merchant_id = :merchant_id and redemption_id = :redemption_id
      and customer_id = any(:homes)
    for no key update
    """
)

_CANCEL = text(
    """
    update redemptions set state = 'cancelling', reason = null, changed_at = :now
    where merchant_id = :merchant_id and redemption_id = :redemption_id
    """
)
