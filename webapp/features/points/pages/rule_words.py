"""Earning rules in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.i18n import N_
from webapp.core.words import currency_exponent
from webapp.features.points.domain.earning import Rule
from webapp.features.points.queries.rule_effects import Shop

RATE = N_("rules.rate", "Points for each %(unit)s at %(shop)s")
HOLD = N_("rules.hold", "Can be spent after")
AT_ONCE = N_("rules.hold.none", "At once")
EXPIRY = N_("rules.expiry", "Expire after")
NEVER = N_("rules.expiry.never", "Never")
SIGNUP = N_("rules.signup", "For signing up")
BIRTHDAY = N_("rules.birthday", "For a birthday")
POLICIES = {
    "only_pending": N_(
        "rules.policy.only_pending",
        "Refunds take back only points that cannot be spent yet. What is in the balance stays.",
    ),
    "within_balance": N_(
        "rules.policy.within_balance",
        "Refunds take back what is left of the points. A balance never falls below zero, and what "
        "was spent already is let go.",
    ),
    "unlimited": N_(
        "rules.policy.unlimited",
        "Refunds take back all points of what was given back. A balance may fall below zero, and "
        "the next points make up for it.",
    ),
}
IMPORTS = {
    "import": N_("rules.imports.import", "From the day of the import"),
    "order": N_("rules.imports.order", "From the day of the order"),
}


def unit(locale: str, currency: str) -> str:
    """One whole unit of a currency, as the language writes it."""
    return i18n.money(locale, 10 ** currency_exponent(currency), currency)


def rate_label(locale: str, shop: Shop) -> str:
    return i18n.text(locale, *RATE, unit=unit(locale, shop.currency), shop=shop.name)


def summary(ctx: Context, rule: Rule, shops: Sequence[Shop]) -> list[tuple[str, str]]:
    """(what, how much) of everything that a version says, in the reader's language."""
    locale = ctx.locale
    rates = [
        (rate_label(locale, shop), i18n.decimal(locale, rule.rate(shop.store_id))) for shop in shops
    ]
    return [*rates, *terms(locale, rule)]


def terms(locale: str, rule: Rule) -> list[tuple[str, str]]:
    """The same, without the rates."""
    found = [(HOLD, days(locale, rule.hold_days, AT_ONCE))]
    found.append((EXPIRY, days(locale, rule.expiry_days or 0, NEVER)))
    bonuses = ((SIGNUP, rule.signup_points), (BIRTHDAY, rule.birthday_points))
    found += [(label, i18n.number(locale, points)) for label, points in bonuses if points]
    return [(i18n.text(locale, *label), value) for label, value in found]


def days(locale: str, number: int, none: tuple[str, str]) -> str:
    """So many days; `none` says what no day means."""
    if not number:
        return i18n.text(locale, *none)
    return i18n.plural(locale, "rules.days", "%(num)s day", "%(num)s days", number)


def history(versions: Sequence[Rule], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each version, newest first, with the moment in `zone` from which it counts, and its state:
    current, past, planned, or replaced by a later one before it began."""
    lines: list[dict[str, Any]] = []
    current, earliest = None, None
    for rule in reversed(versions):
        begins = rule.valid_from
        if earliest and begins and begins >= earliest:
            state = "replaced"
        elif begins and begins > now:
            state = "planned"
        else:
            state = "past" if current else "current"
            current = current or rule
        lines.append({"rule": rule, "begins": begins and begins.astimezone(zone), "state": state})
        earliest = min(filter(None, (earliest, begins)), default=None)
    return lines
