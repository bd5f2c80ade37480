"""The versions of a merchant's rules."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.features.points.domain.earning import FIRST_RULE, Rule


def rule_at(ctx: Context, at: datetime) -> Rule:
    """The rules in force at a moment of business time: the newest version valid by then."""
    valid = (rule for rule in rules(ctx) if rule.valid_from is None or rule.valid_from <= at)
    return max(valid, key=lambda rule: rule.version)


def rules(ctx: Context) -> tuple[Rule, ...]:
    """All versions, oldest first; the first is never stored."""
    values = {"merchant_id": ctx.merchant_id}
    rates: dict[int, dict[str, Decimal]] = {}
    for version, store_id, rate in ctx.db.execute(_RATES, values):
        rates.setdefault(version, {})[store_id] = rate
    stored = (Rule(*row) for row in ctx.db.execute(_RULES, values))
    return (FIRST_RULE, *(replace(rule, rates=rates.get(rule.version, {})) for rule in stored))


def policies(ctx: Context) -> Mapping[int, str]:
    """The return policy of each version."""
    return {rule.version: rule.return_policy for rule in rules(ctx)}


def bonus_expires_at(ctx: Context, store_id: str, at: datetime) -> datetime | None:
    """Until when points given at that moment, by that store, can be spent under the rules then."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    return rule_at(ctx, at).expires_at(at, ZoneInfo(store.timezone))


_RULES = text(
    """
    select rule_version, valid_from, hold_days, return_policy, expiry_days, imports_expire_from,
           signup_points, birthday_points
    from points_rules where merchant_id = :merchant_id order by rule_version
    """
)
_RATES = text(
    """
    select rule_version, store_id, rate from points_rates
    where merchant_id = :merchant_id order by rule_version, store_id
    """
)
