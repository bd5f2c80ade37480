"""Points display: what the balance is about to do, every entry explained, and what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.cache import points_tag, tiers_tag
from webapp.core.context import Context
from webapp.core.contract import Visitor, Widget
from webapp.core.i18n import N_
from webapp.core.models import Store
from webapp.features.points.messages import Receipt
from webapp.features.points.queries import tiers
from webapp.features.points.queries.balances import NEXT_STEP_POINTS, spendable
from webapp.features.points.queries.outlook import Outlook, outlook
from webapp.features.points.queries.receipts import receipts, receipts_before
from webapp.features.points.queries.rules import rule_at
from webapp.features.points.queries.tier_progress import Progress, progress
from webapp.features.points.service.receipt_words import explain, rate_in_words

LINES = 10
GUEST: Mapping[str, Any] = {
    "member": False,
    "balance": 0,
    "outlook": [],
    "tier": None,
    "entries": [],
    "older": None,
    "steps": [],
}
SHOP = N_("points_display.step.shop_rate", "Shop and earn %(rate)s")
TIER = N_("points_display.tier", "Your tier: %(tier)s")
TIER_UNTIL = N_("points_display.tier_until", "Your tier until %(day)s: %(tier)s")
SPEND = N_("points_display.step.tier_spend", "Spend %(amount)s more to reach %(tier)s")


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any]:
    """The whole fragment; with `visitor.before` only the lines that are older than that one."""
    if not visitor.signed_in:
        return GUEST
    member = visitor.customer_id
    found = lines(ctx, visitor)
    shown = {
        **GUEST,
        "member": True,
        "entries": [explain(ctx, line) for line in found[:LINES]],
        "older": found[LINES - 1].entry_id if len(found) > LINES else None,
        "continued": visitor.before is not None,
    }
    if visitor.before is not None:
        return shown
    balance = spendable(ctx, member) if member else 0
    standing = progress(ctx, member) if member else None
    return {
        **shown,
        "balance": balance,
        "outlook": list(in_words(ctx.locale, outlook(ctx, member))) if member else [],
        "tier": tier_line(ctx.locale, standing) if standing and standing.tier else None,
        "steps": next_steps(ctx, visitor, standing, balance),
    }


def lines(ctx: Context, visitor: Visitor) -> list[Receipt]:
    """One more than is shown, so that it is known whether there are any older."""
    if not visitor.customer_id:
        return []
    if visitor.before is None:
        return list(receipts(ctx, visitor.customer_id, LINES + 1))
    return list(receipts_before(ctx, visitor.customer_id, LINES + 1, visitor.before))


def in_words(locale: str, found: Outlook) -> Iterator[str]:
    """What the balance is about to do, one sentence each."""
    if found.pending and found.arrives_on:
        yield i18n.plural(
            locale,
            "points_display.pending",
            "%(num)s point is on its way",
            "%(num)s points are on their way",
            found.pending,
        )
        yield i18n.plural(
            locale,
            "points_display.arriving",
            "%(num)s point can be spent from %(day)s",
            "%(num)s points can be spent from %(day)s",
            found.arriving,
            day=i18n.day(locale, found.arrives_on),
        )
    if found.expiring and found.expires_on:
        yield i18n.plural(
            locale,
            "points_display.expiring",
            "%(num)s point expires after %(day)s",
            "%(num)s points expire after %(day)s",
            found.expiring,
            day=i18n.day(locale, found.expires_on),
        )
    if found.owed:
        yield i18n.plural(
            locale,
            "points_display.owed",
            "The next %(num)s point makes up for a refund",
            "The next %(num)s points make up for a refund",
            found.owed,
        )


def tier_line(locale: str, standing: Progress) -> str:
    if standing.last_day:
        day = i18n.day(locale, standing.last_day)
        return i18n.text(locale, *TIER_UNTIL, tier=standing.tier, day=day)
    return i18n.text(locale, *TIER, tier=standing.tier)


def next_steps(
    ctx: Context, visitor: Visitor, standing: Progress | None, balance: int
) -> list[Mapping[str, Any]]:
    """What a member can do now, in the visitor's language."""
    missing = NEXT_STEP_POINTS - balance % NEXT_STEP_POINTS
    hundred = i18n.plural(
        ctx.locale,
        "points_display.step.hundred",
        "%(num)s more point to your next hundred",
        "%(num)s more points to your next hundred",
        missing,
    )
    steps: list[Mapping[str, Any]] = [{"text": hundred, "href": None}]
    if standing and standing.missing:
        steps.append({"text": tier_step(ctx.locale, standing), "href": None})
    rate = rule_at(ctx, ctx.now).rate(visitor.store_id)
    if visitor.customer_id:
        rate *= tiers.multipliers(ctx, [visitor.customer_id]).get(visitor.customer_id, 1)
    if rate:
        currency = ctx.db.get_one(Store, (ctx.merchant_id, visitor.store_id)).currency
        words = rate_in_words(ctx.locale, rate, currency)
        shop = i18n.text(ctx.locale, *SHOP, rate=words)
        steps.append({"text": shop, "href": f"{visitor.root}/collections/all"})
    return steps


def tier_step(locale: str, standing: Progress) -> str:
    """What is missing to the next tier."""
    if standing.basis == "spend":
        amount = i18n.money(locale, standing.missing, standing.currency)
        return i18n.text(locale, *SPEND, amount=amount, tier=standing.next_tier)
    if standing.basis == "points":
        return i18n.plural(
            locale,
            "points_display.step.tier_points",
            "%(num)s more point to reach %(tier)s",
            "%(num)s more points to reach %(tier)s",
            standing.missing,
            tier=standing.next_tier,
        )
    return i18n.plural(
        locale,
        "points_display.step.tier_orders",
        "%(num)s more order to reach %(tier)s",
        "%(num)s more orders to reach %(tier)s",
        standing.missing,
        tier=standing.next_tier,
    )


def tags(visitor: Visitor) -> tuple[str, ...]:
    member = visitor.customer_id
    return (points_tag(member), tiers_tag(member)) if member else ()


WIDGET = Widget(load, N_("points_display.schema.name", "Points balance"), tags)
