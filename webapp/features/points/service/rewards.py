"""The catalogue of rewards: kept, paused, and begun with a proposal."""

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import text

from webapp.core import cache, i18n
from webapp.core.context import Context
from webapp.core.errors import AppError
from webapp.core.i18n import N_
from webapp.core.refusals import REWARD_NOT_FOUND, TOO_MANY_REWARDS
from webapp.core.words import currency_exponent, new_id
from webapp.features.points.messages import SaveReward
from webapp.features.points.queries import rewards as stored
from webapp.features.points.queries.rules import rule_at

REWARD_SAVED = "reward_saved"
REWARD_PAUSED = "reward_paused"
MOST_REWARDS = 50
# What a proposal gives back of what was spent, as most programmes do.
PROPOSED_SHARE = Decimal("0.01")
PROPOSED = ((500, "amount_off"), (750, "free_shipping"), (1000, "amount_off"))
NAMES = {
    "amount_off": N_("rewards.starter.amount_off", "Money off your order"),
    "free_shipping": N_("rewards.starter.free_shipping", "Free shipping"),
}


def save_reward(ctx: Context, message: SaveReward) -> str:
    """Make a reward, or change one; its id. What was redeemed before keeps the old terms.

    Raises AppError: reward_not_found, too_many_rewards.
    """
    reward_id = message.reward_id or new_id("rwd_")
    values = {
        "merchant_id": ctx.merchant_id,
        "reward_id": reward_id,
        "kind": message.kind,
        "points": message.points,
        "amounts": json.dumps(dict(message.amounts)),
        "percent": message.percent,
        "product": message.product,
        "minimums": json.dumps(dict(message.minimums)),
        "stores": None if message.stores is None else list(message.stores),
        "stock": message.stock,
        "seen": message.stock_seen,
        "default_locale": message.default_locale,
        "names": json.dumps(dict(message.names)),
        "descriptions": json.dumps(dict(message.descriptions)),
        "valid_days": message.valid_days,
        "return_on_expiry": message.return_on_expiry,
        "position": message.position,
        "wall": ctx.wall,
    }
    if message.reward_id:
        if ctx.db.scalar(_CHANGE, values) is None:
            raise AppError(REWARD_NOT_FOUND)
    else:
        if len(stored.lines(ctx)) >= MOST_REWARDS:
            raise AppError(TOO_MANY_REWARDS, most=str(MOST_REWARDS))
        ctx.db.execute(_ADD, values)
    ctx.audit(REWARD_SAVED, reward_id=reward_id, kind=message.kind, points=message.points)
    catalogue_changed(ctx)
    ctx.emit("points.catalogue_changed", new_id("cat_"), {})
    return reward_id


def pause_reward(ctx: Context, reward_id: str, *, active: bool) -> None:
    """Offer a reward no more, or again; codes that were had stay good. Raises
    AppError(reward_not_found)."""
    values = {"merchant_id": ctx.merchant_id, "reward_id": reward_id, "active": active}
    if ctx.db.scalar(_PAUSE, {**values, "wall": ctx.wall}) is None:
        raise AppError(REWARD_NOT_FOUND)
    ctx.audit(REWARD_PAUSED, reward_id=reward_id, active=active)
    catalogue_changed(ctx)
    ctx.emit("points.catalogue_changed", new_id("cat_"), {})


def begin_catalogue(ctx: Context) -> int:
    """Begin an empty catalogue with a proposal in every language; the number of its rewards. One
    that is not empty stays as it is."""
    if stored.lines(ctx):
        return 0
    rates = rule_at(ctx, ctx.now).rates
    for position, (points, kind) in enumerate(PROPOSED, 1):
        money = kind == "amount_off"
        save_reward(
            ctx,
            SaveReward(
                kind=kind,
                points=points,
                amounts=proposed_amounts(points, stored.where(ctx), rates) if money else {},
                default_locale="en",
                names={tag: i18n.text(tag, *NAMES[kind]) for tag in i18n.LOCALES},
                position=position,
            ),
        )
    return len(PROPOSED)


def proposed_amounts(
    points: int, stores: Iterable[stored.Where], rates: Mapping[str, Decimal]
) -> dict[str, int]:
    """What so many points may be worth in each currency, in minor units: a hundredth of what a
    member spends to earn them, in two figures. A store without a rate earns 1 for a whole unit; of
    two stores with one currency the one that earns faster counts."""
    found: dict[str, int] = {}
    for store in stores:
        rate = rates.get(store.store_id, Decimal(1))
        if rate <= 0:
            continue
        minor = PROPOSED_SHARE * points / rate * 10 ** currency_exponent(store.currency)
        two_figures = Decimal(1).scaleb(max(0, minor.adjusted() - 1))
        amount = max(1, int((minor / two_figures).to_integral_value(ROUND_FLOOR) * two_figures))
        found[store.currency] = min(amount, found.get(store.currency, amount))
    return found


def catalogue_changed(ctx: Context) -> None:
    """What shows the catalogue of any store is wrong now."""
    ctx.stale(*(cache.rewards_tag(store.store_id) for store in stored.where(ctx)))


_ADD = text(
    """
    insert into rewards (
        merchant_id, reward_id, kind, points, amounts, percent, product, minimums, stores, stock,
        default_locale, names, descriptions, valid_days, return_on_expiry, active, position
    ) values (
        :merchant_id, :reward_id, :kind, :points, cast(:amounts as jsonb), :percent, :product,
        cast(:minimums as jsonb), :stores, :stock, :default_locale, cast(:names as jsonb),
        cast(:descriptions as jsonb), :valid_days, :return_on_expiry, true, :position
    )
    """
)

_CHANGE = text(
    """
    update rewards
    set kind = :kind, points = :points, amounts = cast(:amounts as jsonb), percent = :percent,
        product = :product, minimums = cast(:minimums as jsonb), stores = :stores,
        stock = case when cast(:stock as integer) is not null
            then greatest(0, :stock + coalesce(stock - cast(:seen as integer), 0)) end,
        default_locale = :default_locale, names = cast(:names as jsonb),
        descriptions = cast(:descriptions as jsonb), valid_days = :valid_days,
        return_on_expiry = :return_on_expiry, position = :position, updated_at = :wall
    where merchant_id = :merchant_id and reward_id = :reward_id
    returning reward_id
    """
)

_PAUSE = text(
    """
    update rewards set active = :active, updated_at = :wall
    where merchant_id = :merchant_id and reward_id = :reward_id
    returning reward_id
    """
)
