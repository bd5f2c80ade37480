"""Who is in which tier: always computed anew from what happened, never counted on."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.features.points.domain.tiers import Holding, Qualifying, evaluate, higher
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.queries.qualifying import qualifying
from webapp.features.points.service.tier_news import Move
from webapp.features.points.service.tier_news import tell as tell_of

ONE = Decimal(1)
NOTHING = Qualifying()


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
    what history brings. Gives the members whose card shows another tier now: those have to be
    pushed. The members' rows of `users` are locked, in the order of their ids.
    """
    if not members or not stored.has_tiers(ctx):
        return ()
    return judge(ctx, members, tell=tell)


def judge(ctx: Context, members: Sequence[str], *, tell: bool) -> tuple[str, ...]:
    """What `recompute` does, also when there is no tier left."""
    locked = lock(ctx, members)
    return _place(ctx, locked, stored.holdings(ctx, locked), tell=tell)


def lock(ctx: Context, asked: Sequence[str]) -> tuple[str, ...]:
    """Lock the rows of the members behind these ids, in the order of theirs; gives them."""
    values = {"merchant_id": ctx.merchant_id, "asked": list(asked)}
    return tuple(ctx.db.scalars(_LOCK, values))


_LOCK = text(
    """
    with asked as materialized (
        select distinct coalesce(merged_into, customer_id) as member from users
        where merchant_id = :merchant_id and customer_id = any(:asked)
        order by member
    )
    select locked.customer_id
    from asked cross join lateral (
        select u.customer_id from users u
        where u.merchant_id = :merchant_id and u.customer_id = asked.member
        for no key update
    ) as locked
    """
)


def carry(ctx: Context, member: str, homes: Collection[str]) -> tuple[str, ...]:
    """Follow a merge: `member` keeps the higher of the tiers of both for as long as it would have
    been kept, and is then judged by what both have bought together. The rows of `homes`, which have
    become the member's, rest until they are parted. Nobody is told of it; what was undone meanwhile
    changes nothing."""
    if not stored.has_tiers(ctx):
        return ()
    locked = lock(ctx, [member])
    values = {"merchant_id": ctx.merchant_id, "members": list(locked), "homes": list(homes)}
    lost = list(ctx.db.scalars(_LOST, values))
    rungs = stored.ladder(stored.tiers(ctx))
    held: Holding | None = None
    for each in stored.holdings(ctx, [*locked, *lost]).values():
        held = higher(rungs, held, each) if held else each
    _show(ctx, dict.fromkeys(lost))
    return _place(ctx, locked, dict.fromkeys(locked, held) if held else {}, tell=False)


_LOST = text(
    """
    select customer_id from users
    where merchant_id = :merchant_id and customer_id = any(:homes) and merged_into = any(:members)
    order by customer_id
    """
)


def _place(
    ctx: Context, members: Sequence[str], held: Mapping[str, Holding], *, tell: bool
) -> tuple[str, ...]:
    """Judge locked members, who stood at `held` before, and carry the outcome everywhere."""
    steps, policy, zone = stored.tiers(ctx), stored.policy(ctx), program(ctx).zone
    rungs, found = stored.ladder(steps), qualifying(ctx, policy, members)
    now = {
        member: evaluate(policy, rungs, held.get(member), found.get(member, NOTHING), ctx.now, zone)
        for member in members
        if member in held or member in found
    }
    if not now:
        return ()
    _write(ctx, now, found)
    moved = _show(ctx, {member: holding.tier_id for member, holding in now.items()})
    if tell:
        before = {member: held[member].tier_id if member in held else None for member in now}
        moves = {m: Move(before[m], h.tier_id) for m, h in now.items() if h.tier_id != before[m]}
        tell_of(ctx, steps, moves)
    return moved


def _write(ctx: Context, now: Mapping[str, Holding], found: Mapping[str, Qualifying]) -> None:
    """Store where members stand, in the order of their ids."""
    members = sorted(now)
    values = {
        "merchant_id": ctx.merchant_id,
        "members": members,
        "tiers": [now[member].tier_id for member in members],
        "counted": [found.get(member, NOTHING).value for member in members],
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


def _show(ctx: Context, tiers: Mapping[str, str | None]) -> tuple[str, ...]:
    """Carry tiers to the cards; gives the members whose card showed another one."""
    members = sorted(tiers)
    values = {
        "merchant_id": ctx.merchant_id,
        "members": members,
        "tiers": [tiers[member] for member in members],
    }
    moved = tuple(ctx.db.scalars(_SHOW, values))
    ctx.stale(*map(cache.points_tag, members), *map(cache.tiers_tag, members))
    return moved


_SHOW = text(
    """
    insert into customer_cards (merchant_id, customer_id, tier)
    select :merchant_id, m.customer_id, m.tier_id
    from unnest(cast(:members as text[]), cast(:tiers as text[])) as m(customer_id, tier_id)
    left join customer_cards c
        on c.merchant_id = :merchant_id and c.customer_id = m.customer_id
    where c.tier is distinct from m.tier_id
    on conflict (merchant_id, customer_id) do update
    set tier = excluded.tier, version = customer_cards.version + 1
    returning customer_id
    """
)
