"""Who is in which tier: always computed anew from what happened, never counted on."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.features.points.domain.tiers import Holding, Qualifying, Rung, evaluate, rank
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.queries.qualifying import qualifying

ONE = Decimal(1)


def multipliers(ctx: Context, members: Collection[str]) -> dict[str, Decimal]:
    """Member -> what the rate of an order of theirs is multiplied by: 1 without a tier."""
    found = dict.fromkeys(members, ONE)
    if members and stored.has_tiers(ctx):
        found.update(stored.multipliers(ctx, members))
    return found


def recompute(ctx: Context, members: Sequence[str], *, tell: bool = True) -> tuple[str, ...]:
    """Put these members (ids of members or of homes) into the tiers that they have reached.

    To be called in the transaction that changed their orders, refunds or entries. The tier on the
    card follows and its version rises; each change is told by topic unless `tell` is off, as for
    what history brings. Gives the members whose tier changed: those have to be pushed. The members'
    rows of `users` are locked, in the order of their ids.
    """
    if not members or not stored.has_tiers(ctx):
        return ()
    locked = tuple(ctx.db.scalars(_LOCK, {"merchant_id": ctx.merchant_id, "asked": list(members)}))
    steps, policy = stored.tiers(ctx), stored.policy(ctx)
    rungs, zone = stored.ladder(steps), program(ctx).zone
    held, found = stored.holdings(ctx, locked), qualifying(ctx, policy, locked)
    now = {
        member: evaluate(
            policy, rungs, held.get(member), found.get(member, Qualifying()), ctx.now, zone
        )
        for member in locked
        if member in held or member in found
    }
    _write(ctx, now, found)
    moved = _moved(rungs, held, now)
    _show(ctx, {member: now[member].tier_id for member in moved})
    return tuple(moved)


_LOCK = text(
    """
    with asked as (
        select distinct coalesce(merged_into, customer_id) as member from users
        where merchant_id = :merchant_id and customer_id = any(:asked)
    )
    select u.customer_id from users u join asked a on a.member = u.customer_id
    where u.merchant_id = :merchant_id
    order by u.customer_id
    for no key update of u
    """
)


def _moved(
    rungs: Sequence[Rung], held: Mapping[str, Holding], now: Mapping[str, Holding]
) -> dict[str, bool]:
    """Member -> whether they rose, of those who are in another tier than before."""
    before = {member: held[member].tier_id if member in held else None for member in now}
    return {
        member: rank(rungs, holding.tier_id) > rank(rungs, before[member])
        for member, holding in now.items()
        if holding.tier_id != before[member]
    }


def _write(ctx: Context, now: Mapping[str, Holding], found: Mapping[str, Qualifying]) -> None:
    """Store where members stand, in the order of their ids."""
    members = sorted(now)
    values = {
        "merchant_id": ctx.merchant_id,
        "members": members,
        "tiers": [now[member].tier_id for member in members],
        "counted": [found.get(member, Qualifying()).value for member in members],
        "since": [now[member].since for member in members],
        "keeps": [now[member].keeps_until for member in members],
        "next": [now[member].next_at for member in members],
    }
    ctx.db.execute(_WRITE, values)


_WRITE = text(
    """
    insert into member_tiers
        (merchant_id, customer_id, tier_id, value, since, keeps_until, next_at)
    select :merchant_id, m.customer_id, m.tier_id, m.value, m.since, m.keeps_until, m.next_at
    from unnest(
        cast(:members as text[]), cast(:tiers as text[]), cast(:counted as bigint[]),
        cast(:since as timestamptz[]), cast(:keeps as timestamptz[]), cast(:next as timestamptz[])
    ) as m(customer_id, tier_id, value, since, keeps_until, next_at)
    on conflict (merchant_id, customer_id) do update
    set tier_id = excluded.tier_id, value = excluded.value, since = excluded.since,
        keeps_until = excluded.keeps_until, next_at = excluded.next_at
    """
)


def _show(ctx: Context, tiers: Mapping[str, str | None]) -> None:
    """Carry tiers to the cards; what shows them is stale."""
    members = sorted(tiers)
    values = {
        "merchant_id": ctx.merchant_id,
        "members": members,
        "tiers": [tiers[member] for member in members],
    }
    if members:
        ctx.db.execute(_SHOW, values)
        ctx.stale(*map(cache.points_tag, members))


_SHOW = text(
    """
    insert into customer_cards (merchant_id, customer_id, tier)
    select :merchant_id, m.customer_id, m.tier_id
    from unnest(cast(:members as text[]), cast(:tiers as text[])) as m(customer_id, tier_id)
    on conflict (merchant_id, customer_id) do update
    set tier = excluded.tier, version = customer_cards.version + 1
    """
)
