"""Tiers as the merchant has set them, and who is in which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.tiers import FIRST_POLICY, Holding, Policy, Rung, reached
from webapp.features.points.queries.qualifying import qualifying


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier; see `models.VipTier`."""

    tier_id: str
    default_locale: str
    names: Mapping[str, str]
    threshold: int
    multiplier: Decimal

    def name(self, locale: str) -> str:
        """What the tier is called in a language, else in the default one."""
        return self.names.get(locale) or self.names[self.default_locale]


def has_tiers(ctx: Context) -> bool:
    """Whether the merchant has any tiers; one look into an index."""
    return bool(ctx.db.scalar(_HAS_TIERS, {"merchant_id": ctx.merchant_id}))


_HAS_TIERS = text("select exists (select from vip_tiers where merchant_id = :merchant_id)")


def tiers(ctx: Context) -> tuple[Tier, ...]:
    """All tiers, the lowest first."""
    rows = ctx.db.execute(_TIERS, {"merchant_id": ctx.merchant_id})
    return tuple(Tier(*row) for row in rows)


_TIERS = text(
    """
    select tier_id, default_locale, names, threshold, multiplier from vip_tiers
    where merchant_id = :merchant_id order by threshold
    """
)


def ladder(of: Iterable[Tier]) -> tuple[Rung, ...]:
    """What `domain.tiers` needs to know of tiers."""
    return tuple(Rung(tier.tier_id, tier.threshold) for tier in of)


def names(ctx: Context, locale: str) -> Mapping[str, str]:
    """Tier id -> what it is called in that language."""
    return {tier.tier_id: tier.name(locale) for tier in tiers(ctx)}


def policy(ctx: Context) -> Policy:
    """How tiers are reached and lost."""
    row = ctx.db.execute(_POLICY, {"merchant_id": ctx.merchant_id}).one_or_none()
    return Policy(*row) if row else FIRST_POLICY


_POLICY = text(
    """
    select basis, evaluation_window, window_days, downgrade, grace_days from tier_settings
    where merchant_id = :merchant_id
    """
)


def holdings(ctx: Context, members: Iterable[str]) -> Mapping[str, Holding]:
    """Member -> where they stand, of those who have a row."""
    values = {"merchant_id": ctx.merchant_id, "members": list(members)}
    return {row[0]: Holding(*row[1:]) for row in ctx.db.execute(_HOLDINGS, values)}


_HOLDINGS = text(
    """
    select customer_id, tier_id, since, keeps_until, next_at from member_tiers
    where merchant_id = :merchant_id and customer_id = any(:members)
    """
)


def multipliers(ctx: Context, members: Iterable[str]) -> Mapping[str, Decimal]:
    """Member -> what their tier multiplies points by, of those who are in one."""
    values = {"merchant_id": ctx.merchant_id, "members": list(members), "now": ctx.now}
    return {member: factor for member, factor in ctx.db.execute(_MULTIPLIERS, values)}


_MULTIPLIERS = text(
    """
    select m.customer_id, t.multiplier
    from member_tiers m
    join vip_tiers t on t.merchant_id = m.merchant_id and t.tier_id = m.tier_id
    where m.merchant_id = :merchant_id and m.customer_id = any(:members)
      and (m.keeps_until is null or m.keeps_until > :now)
    """
)


def sizes(ctx: Context) -> Mapping[str, int]:
    """Tier id -> how many members are in it; empty tiers are left out."""
    return {tier_id: n for tier_id, n in ctx.db.execute(_SIZES, {"merchant_id": ctx.merchant_id})}


_SIZES = text(
    """
    select t.tier_id, count(*)
    from member_tiers t join users u using (merchant_id, customer_id)
    where t.merchant_id = :merchant_id and t.tier_id is not null and u.merged_into is null
    group by t.tier_id
    """
)


def members(ctx: Context) -> int:
    """How many members there are."""
    return int(ctx.db.scalar(_MEMBERS, {"merchant_id": ctx.merchant_id}) or 0)


_MEMBERS = text(
    "select count(*) from users where merchant_id = :merchant_id and merged_into is null"
)


def spread(ctx: Context, by: Policy, thresholds: Mapping[str, int]) -> Mapping[str | None, int]:
    """Tier id (None for no tier) -> how many members such a policy would put into it today, were
    nobody kept in a tier that they do not reach any more."""
    rungs = [Rung(tier_id, start) for tier_id, start in thresholds.items()]
    rungs.sort(key=lambda rung: rung.threshold)
    found: dict[str | None, int] = dict.fromkeys([None, *thresholds], 0)
    everybody = qualifying(ctx, by).values()
    for of in everybody:
        best = reached(rungs, max(of.value, of.before))
        found[rungs[best].tier_id if best >= 0 else None] += 1
    found[None] += members(ctx) - len(everybody)
    return found
