"""What the merchant gives for friends."""

import json
from dataclasses import asdict

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.points.messages.referrals import (
    AMOUNT,
    FREE_SHIPPING,
    NO_OFFER,
    PERCENTAGE,
    STARTER,
    Offer,
    ReferralProgramme,
)

SETTINGS_CHANGED = "referral_settings_changed"
MOST_POINTS = 1_000_000
MOST_MINOR = 10**12
_OFFERS = (NO_OFFER, PERCENTAGE, AMOUNT, FREE_SHIPPING)


def read_referral_programme(ctx: Context) -> ReferralProgramme:
    """What is given; nothing while the merchant has set nothing up."""
    row = ctx.db.execute(_READ, {"merchant_id": ctx.merchant_id}).mappings().one_or_none()
    return ReferralProgramme(**row) if row else ReferralProgramme()


def has_referral_programme(ctx: Context) -> bool:
    """Whether the merchant has ever set something up."""
    return ctx.db.execute(_READ, {"merchant_id": ctx.merchant_id}).one_or_none() is not None


_READ = text(
    """
    select enabled, advocate_points, friend_points, offer, percentage, amounts, minimums, hold_days,
           monthly_cap, review_from
    from referral_settings where merchant_id = :merchant_id
    """
)


def save_referral_programme(ctx: Context, programme: ReferralProgramme) -> None:
    """Give this from now on; what was promised before stays as it was. Raises
    AppError(invalid_value) for what makes no sense."""
    _demand(programme)
    values = {
        **asdict(programme),
        "amounts": json.dumps(dict(programme.amounts)),
        "minimums": json.dumps(dict(programme.minimums)),
        "merchant_id": ctx.merchant_id,
        "now": ctx.now,
    }
    ctx.db.execute(_SAVE, values)
    ctx.audit(
        SETTINGS_CHANGED,
        enabled=programme.enabled,
        advocate_points=programme.advocate_points,
        friend_points=programme.friend_points,
        offer=programme.offer,
    )
    # Cards outside the storefront show codes only while friends bring something.
    ctx.emit("points.catalogue_changed", new_id("cat_"), {})
    stores = ctx.db.scalars(_STORES, {"merchant_id": ctx.merchant_id})
    ctx.stale(*(cache.rewards_tag(store_id) for store_id in stores))


_STORES = text("select store_id from stores where merchant_id = :merchant_id")


def start_referral_programme(ctx: Context) -> None:
    """Begin with the starter values, in one click."""
    save_referral_programme(ctx, STARTER)


def _demand(programme: ReferralProgramme) -> None:
    for name in ("advocate_points", "friend_points"):
        _within(name, getattr(programme, name), 0, MOST_POINTS)
    _within("review_from", programme.review_from, 1, 10_000)
    if programme.monthly_cap is not None:
        _within("monthly_cap", programme.monthly_cap, 1, 10_000)
    if programme.hold_days is not None:
        _within("hold_days", programme.hold_days, 0, 365)
    if programme.offer not in _OFFERS:
        raise AppError(INVALID_VALUE, field="offer", value=programme.offer[:40])
    if programme.offer == PERCENTAGE:
        _within("percentage", programme.percentage or 0, 1, 100)
    if programme.offer == AMOUNT and not any(programme.amounts.values()):
        raise AppError(INVALID_VALUE, field="amount", value="0")
    for minor in (*programme.amounts.values(), *programme.minimums.values()):
        _within("amount", minor, 0, MOST_MINOR)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise AppError(INVALID_VALUE, field=name, value=str(value))


_SAVE = text(
    """
    insert into referral_settings (
        merchant_id, enabled, advocate_points, friend_points, offer, percentage, amounts, minimums,
        hold_days, monthly_cap, review_from, updated_at
    ) values (
        :merchant_id, :enabled, :advocate_points, :friend_points, :offer, :percentage,
        cast(:amounts as jsonb), cast(:minimums as jsonb), :hold_days, :monthly_cap, :review_from,
        :now
    )
    on conflict (merchant_id) do update
    set enabled = excluded.enabled, advocate_points = excluded.advocate_points,
        friend_points = excluded.friend_points, offer = excluded.offer,
        percentage = excluded.percentage, amounts = excluded.amounts, minimums = excluded.minimums,
        hold_days = excluded.hold_days, monthly_cap = excluded.monthly_cap,
        review_from = excluded.review_from, updated_at = excluded.updated_at
    """
)


def offer_at(ctx: Context, programme: ReferralProgramme, store_id: str) -> Offer:
    """What a friend gets at one store; no discount where the programme names no amount in the
    store's currency."""
    currency = ctx.db.get_one(Store, (ctx.merchant_id, store_id)).currency
    amount = programme.amounts.get(currency, 0) if programme.offer == AMOUNT else 0
    kind = NO_OFFER if programme.offer == AMOUNT and not amount else programme.offer
    percentage = (programme.percentage or 0) if kind == PERCENTAGE else 0
    return Offer(kind, percentage, amount, programme.minimums.get(currency, 0), currency)
