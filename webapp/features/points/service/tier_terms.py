"""Tiers as merchants write them: their names, what they ask and give, how they are lost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, NOT_FOUND, AppError, Kind
from webapp.core.i18n import LOCALES, N_
from webapp.core.messages import shown
from webapp.core.words import is_line, new_id
from webapp.features.points.domain.tiers import BASES, DOWNGRADES, WINDOWS, Policy
from webapp.features.points.messages.tiers import NewTier, TierTerms
from webapp.features.points.queries import tiers as stored

MOST_TIERS = 10
LONGEST_NAME = 40
MOST_TIMES = Decimal(100)
HIGHEST = 10**15

TIERS_ALIKE = Kind(
    "tiers_alike",
    409,
    "FAILED_PRECONDITION",
    *N_("error.tiers_alike", "Two tiers cannot begin at the same point."),
)
TIERS_FULL = Kind(
    "tiers_full",
    409,
    "FAILED_PRECONDITION",
    *N_("error.tiers_full", "There are as many tiers as there can be. Remove one first."),
)


def save_policy(ctx: Context, policy: Policy, terms: Sequence[TierTerms]) -> None:
    """How tiers are reached and lost, and what each of them asks and gives, from now on. All
    members are then judged anew, behind the request; nobody is sent a message about it.

    Raises AppError: invalid_value, not_found (a tier that is gone), tiers_alike.
    """
    check_policy(policy, terms)
    known = {tier.tier_id for tier in stored.tiers(ctx)}
    if {term.tier_id for term in terms} != known:
        raise AppError(NOT_FOUND)
    values = {"merchant_id": ctx.merchant_id, "wall": ctx.wall, **asdict(policy)}
    ctx.db.execute(_SAVE_POLICY, values)
    values = {
        "merchant_id": ctx.merchant_id,
        "tiers": [term.tier_id for term in terms],
        "thresholds": [term.threshold for term in terms],
        "multipliers": [term.multiplier for term in terms],
    }
    ctx.db.execute(_SAVE_TERMS, values)
    written = {t.tier_id: [t.threshold, str(t.multiplier)] for t in terms}
    ctx.audit("tier_policy_changed", **asdict(policy), tiers=written)
    judge_everybody(ctx)


_SAVE_POLICY = text(
    """
    insert into tier_settings (
        merchant_id, basis, evaluation_window, window_days, downgrade, grace_days, updated_at
    ) values (:merchant_id, :basis, :window, :days, :downgrade, :grace_days, :wall)
    on conflict (merchant_id) do update
    set basis = excluded.basis, evaluation_window = excluded.evaluation_window,
        window_days = excluded.window_days, downgrade = excluded.downgrade,
        grace_days = excluded.grace_days, updated_at = excluded.updated_at
    """
)
_SAVE_TERMS = text(
    """
    update vip_tiers t
    set threshold = n.threshold, multiplier = n.multiplier
    from unnest(
        cast(:tiers as text[]), cast(:thresholds as bigint[]), cast(:multipliers as numeric[])
    ) as n(tier_id, threshold, multiplier)
    where t.merchant_id = :merchant_id and t.tier_id = n.tier_id
    """
)


def check_policy(policy: Policy, terms: Sequence[TierTerms]) -> None:
    """Raises AppError: invalid_value, tiers_alike."""
    _demand("basis", policy.basis, policy.basis in BASES)
    _demand("window", policy.window, policy.window in WINDOWS)
    _demand("days", policy.days, 1 <= policy.days <= 3660)
    _demand("downgrade", policy.downgrade, policy.downgrade in DOWNGRADES)
    _demand("grace_days", policy.grace_days, 0 <= policy.grace_days <= 365)
    for term in terms:
        _check_terms(term.threshold, term.multiplier)
    if len({term.threshold for term in terms}) < len(terms):
        raise AppError(TIERS_ALIKE)


def _check_terms(threshold: int, multiplier: Decimal) -> None:
    _demand("threshold", threshold, 0 < threshold <= HIGHEST)
    exact = multiplier.is_finite() and round(multiplier, 3) == multiplier
    _demand("multiplier", multiplier, exact and 1 <= multiplier <= MOST_TIMES)


def _demand(field: str, value: object, holds: bool) -> None:
    if not holds:
        raise AppError(INVALID_VALUE, field=field, value=shown(field, value))


def create_tiers(ctx: Context, new: Sequence[NewTier]) -> tuple[str, ...]:
    """Add tiers; their ids. All members are then judged anew, behind the request.

    Raises AppError: field_required, invalid_value, tiers_alike, tiers_full.
    """
    known = stored.tiers(ctx)
    if len(known) + len(new) > MOST_TIERS:
        raise AppError(TIERS_FULL)
    thresholds = [tier.threshold for tier in known] + [tier.threshold for tier in new]
    if len(set(thresholds)) < len(thresholds):
        raise AppError(TIERS_ALIKE)
    ids = tuple(_create(ctx, tier) for tier in new)
    judge_everybody(ctx)
    return ids


def _create(ctx: Context, new: NewTier) -> str:
    _check_terms(new.threshold, new.multiplier)
    values = {
        "merchant_id": ctx.merchant_id,
        "tier_id": new_id("tier_"),
        "names": json.dumps(clean_names(new.names, new.default_locale)),
        "default_locale": new.default_locale,
        "threshold": new.threshold,
        "multiplier": new.multiplier,
    }
    ctx.db.execute(_CREATE, values)
    ctx.audit("tier_created", tier_id=values["tier_id"], threshold=new.threshold)
    return str(values["tier_id"])


_CREATE = text(
    """
    insert into vip_tiers (merchant_id, tier_id, names, default_locale, threshold, multiplier)
    values (
        :merchant_id, :tier_id, cast(:names as jsonb), :default_locale, :threshold, :multiplier
    )
    """
)


def clean_names(names: Mapping[str, str], default_locale: str) -> dict[str, str]:
    """The names that say something, one a language.

    Raises AppError: field_required without one in `default_locale`, invalid_value.
    """
    kept = {locale: name.strip() for locale, name in names.items() if name.strip()}
    for locale, name in kept.items():
        _demand("names", locale, locale in LOCALES)
        _demand("names", name, len(name) <= LONGEST_NAME and is_line(name))
    if default_locale not in kept:
        raise AppError(FIELD_REQUIRED, field="names")
    return kept


def rename_tier(ctx: Context, tier_id: str, names: Mapping[str, str]) -> None:
    """Call a tier otherwise; one in its default language is kept.

    Raises AppError: not_found, field_required, invalid_value.
    """
    tier = next((t for t in stored.tiers(ctx) if t.tier_id == tier_id), None)
    if tier is None:
        raise AppError(NOT_FOUND)
    values = {
        "merchant_id": ctx.merchant_id,
        "tier_id": tier_id,
        "names": json.dumps(clean_names(names, tier.default_locale)),
    }
    ctx.db.execute(_RENAME, values)
    ctx.audit("tier_renamed", tier_id=tier_id)
    judge_everybody(ctx, again=tier_id)


_RENAME = text(
    """
    update vip_tiers set names = cast(:names as jsonb)
    where merchant_id = :merchant_id and tier_id = :tier_id
    """
)


def remove_tier(ctx: Context, tier_id: str) -> None:
    """Do away with a tier. Whoever is in it is at once without one, and is then judged anew, behind
    the request. Raises AppError(not_found)."""
    if tier_id not in {tier.tier_id for tier in stored.tiers(ctx)}:
        raise AppError(NOT_FOUND)
    values = {"merchant_id": ctx.merchant_id, "tier_id": tier_id, "wall": ctx.wall}
    for statement in _REMOVE:
        ctx.db.execute(statement, values)
    ctx.audit("tier_removed", tier_id=tier_id)
    judge_everybody(ctx)


_REMOVE = tuple(
    map(
        text,
        (
            # Whoever is about to be put into it waits, and then finds it gone.
            """
            select from vip_tiers
            where merchant_id = :merchant_id and tier_id = :tier_id for update
            """,
            """
            update member_tiers set tier_id = null, keeps_until = null
            where merchant_id = :merchant_id and tier_id = :tier_id
            """,
            "delete from vip_tiers where merchant_id = :merchant_id and tier_id = :tier_id",
        ),
    )
)


def judge_everybody(ctx: Context, again: str | None = None) -> None:
    """Ask that all members are put into the tiers as they are now, and that the storefronts are
    told once more of those in the tier `again`, whose name has changed."""
    ctx.emit("points.tiers_changed", new_id("tiers_"), {"after": "", "again": again})
