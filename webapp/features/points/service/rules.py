"""New versions of the earning rules. What was earned under an older one stays as it is."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.messages import shown
from webapp.features.points.domain.earning import (
    ONLY_PENDING,
    UNLIMITED,
    WITHIN_BALANCE,
    Rule,
)
from webapp.features.points.messages.rules import NewRules
from webapp.features.points.queries.rules import rule_at, rules
from webapp.features.points.queries.tiers import has_tiers
from webapp.features.points.service.tier_terms import judge_everybody

RULES_CHANGED = "points_rules_changed"
POLICIES = (ONLY_PENDING, WITHIN_BALANCE, UNLIMITED)
EXPIRE_FROM = ("import", "order")
MOST_POINTS = 1_000_000
# With the highest multiplier of a tier it still fits the ledger's column of rates.
HIGHEST_RATE = Decimal(100_000)
FURTHEST = timedelta(days=366)
FIELDS = (
    "hold_days",
    "return_policy",
    "expiry_days",
    "imports_expire_from",
    "signup_points",
    "birthday_points",
)


def change_rules(ctx: Context, new: NewRules) -> int:
    """Write the next version of the rules, in force from `valid_from` on; its number. It never
    changes. A version that is made later replaces one that is planned but not in force yet. When
    the rules would say what they say already, nothing is written and the number is theirs.

    Raises AppError(invalid_value) with the name of the field.
    """
    ctx.db.execute(_LOCK, {"key": f"points_rules:{ctx.merchant_id}"})
    known = rules(ctx)
    rates = check_rules(ctx, new)
    current = rule_at(ctx, ctx.now)
    newest = current.version == known[-1].version
    if new.valid_from is None and newest and same(current, new, rates):
        return current.version
    version = known[-1].version + 1
    terms = {name: getattr(new, name) for name in FIELDS}
    begins = new.valid_from or ctx.now
    values = {
        "merchant_id": ctx.merchant_id,
        "version": version,
        "valid_from": begins,
        "wall": ctx.wall,
        "stores": sorted(rates),
        "rates": [rates[store_id] for store_id in sorted(rates)],
        **terms,
    }
    ctx.db.execute(_RULES, values)
    ctx.db.execute(_RATES, values)
    said: dict[str, Any] = {**terms, "rates": {s: str(rate) for s, rate in rates.items()}}
    ctx.audit(RULES_CHANGED, version=version, valid_from=begins.isoformat(), **said)
    if has_tiers(ctx):
        judge_everybody(ctx)
    return version


def same(rule: Rule, new: NewRules, rates: Mapping[str, Decimal]) -> bool:
    """Whether a version says already what would be written."""
    terms = all(getattr(rule, name) == getattr(new, name) for name in FIELDS)
    return terms and all(rule.rate(store_id) == rate for store_id, rate in rates.items())


def check_rules(ctx: Context, new: NewRules) -> dict[str, Decimal]:
    """The rate of every store. Raises AppError(invalid_value) with the name of the field."""
    _demand("hold_days", new.hold_days, 0 <= new.hold_days <= 365)
    _demand("return_policy", new.return_policy, new.return_policy in POLICIES)
    never = new.expiry_days is None
    _demand("expiry_days", new.expiry_days, never or 1 <= (new.expiry_days or 0) <= 3660)
    _demand("imports_expire_from", new.imports_expire_from, new.imports_expire_from in EXPIRE_FROM)
    _demand("signup_points", new.signup_points, 0 <= new.signup_points <= MOST_POINTS)
    _demand("birthday_points", new.birthday_points, 0 <= new.birthday_points <= MOST_POINTS)
    if new.valid_from is not None:
        planned = ctx.now <= new.valid_from <= ctx.now + FURTHEST
        _demand("valid_from", new.valid_from.isoformat(), planned)
    stores = set(ctx.db.scalars(_STORES, {"merchant_id": ctx.merchant_id}))
    for store_id, rate in new.rates.items():
        _demand("rates", store_id, store_id in stores)
        exact = rate.is_finite() and 0 <= rate <= HIGHEST_RATE and round(rate, 6) == rate
        _demand("rates", rate, exact)
    return {store_id: new.rates.get(store_id, Decimal(1)) for store_id in stores}


def _demand(field: str, value: object, holds: bool) -> None:
    if not holds:
        raise AppError(INVALID_VALUE, field=field, value=shown(field, value))


_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
_STORES = text("select store_id from stores where merchant_id = :merchant_id")
_RULES = text(
    """
    insert into points_rules (
        merchant_id, rule_version, valid_from, hold_days, return_policy, expiry_days,
        imports_expire_from, signup_points, birthday_points, created_at
    ) values (
        :merchant_id, :version, :valid_from, :hold_days, :return_policy, :expiry_days,
        :imports_expire_from, :signup_points, :birthday_points, :wall
    )
    """
)
_RATES = text(
    """
    insert into points_rates (merchant_id, rule_version, store_id, rate)
    select :merchant_id, :version, r.store_id, r.rate
    from unnest(cast(:stores as text[]), cast(:rates as numeric[])) as r(store_id, rate)
    """
)
