"""How far a member is on the way to the next tier."""

from dataclasses import dataclass
from datetime import date, timedelta

from webapp.core.context import Context
from webapp.features.points.domain.tiers import Qualifying, reached
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.queries.qualifying import qualifying


@dataclass(frozen=True, slots=True)
class Progress:
    """A member's tier in their language (empty without one) and, when it is only kept for a while,
    the last day of it; the next one, and how much of `basis` (money in minor units of `currency`)
    is missing to it, 0 at the top."""

    tier: str
    last_day: date | None
    next_tier: str
    missing: int
    basis: str
    currency: str


def progress(ctx: Context, member: str) -> Progress | None:
    """Where a member stands as of now; None when the merchant has no tiers."""
    steps = stored.tiers(ctx)
    if not steps:
        return None
    policy, where = stored.policy(ctx), program(ctx)
    found = qualifying(ctx, policy, [member]).get(member, Qualifying())
    held = stored.holdings(ctx, [member]).get(member)
    if held and held.keeps_until and held.keeps_until <= ctx.now:
        held = None
    names = {tier.tier_id: tier.name(ctx.locale) for tier in steps}
    best = reached(stored.ladder(steps), max(found.value, found.before))
    place = next((n for n, t in enumerate(steps) if held and t.tier_id == held.tier_id), best)
    ends = held.keeps_until if held and place > best else None
    above = steps[place + 1] if place + 1 < len(steps) else None
    return Progress(
        tier=names[steps[place].tier_id] if place >= 0 else "",
        last_day=(ends - timedelta(milliseconds=1)).astimezone(where.zone).date() if ends else None,
        next_tier=above.name(ctx.locale) if above else "",
        missing=max(0, above.threshold - found.value) if above else 0,
        basis=policy.basis,
        currency=where.currency,
    )
