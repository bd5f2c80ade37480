"""Carries the ledger to cards and balances, computed from lots and debts, and lets those know who
show them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.queries.program import program
from webapp.features.points.service.entries import Posting

# metafieldsSet takes at most 25 metafields a call, and a customer has one.
CARDS_A_PUSH = 25
# Who shows cards elsewhere works them in sets.
MEMBERS_A_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Cycle:
    """The month that the leaderboard counts now, in the programme's zone: its name (YYYY-MM), and
    from when until when it lasts."""

    name: str
    begins: datetime
    ends: datetime

    def holds(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begins <= at < self.ends


def is_scored(posting: Posting) -> bool:
    """Whether the leaderboard counts an entry: points of orders, and those taken back of them."""
    back = posting.type == "clawback" and posting.order_id is not None
    return back or posting.type == "earn"


def cycle_of(ctx: Context) -> Cycle:
    """The cycle that `ctx.now` lies in."""
    zone = program(ctx).zone
    local = ctx.now.astimezone(zone)
    begins = datetime(local.year, local.month, 1, tzinfo=zone)
    later = begins + timedelta(days=32)
    return Cycle(f"{local:%Y-%m}", begins, datetime(later.year, later.month, 1, tzinfo=zone))


def carry(ctx: Context, scores: Mapping[str, int]) -> None:
    """Bring the cards and balances of members, who are locked, up to the moment. `scores` says by
    how much the score of each has changed in this cycle."""
    if scores:
        rows = [{"member": member, "score": score} for member, score in sorted(scores.items())]
        values = {
            "merchant_id": ctx.merchant_id,
            "rows": json.dumps(rows),
            "members": sorted(scores),
            "now": ctx.now,
            "cycle": cycle_of(ctx).name,
        }
        ctx.db.execute(_CARRY, values)
        announce(ctx, scores)


def changed(ctx: Context, members: Iterable[str]) -> None:
    """Bring the cards of members up to the moment after their homes have changed: that of a merged
    home shows nothing, and every store is told anew. Call it with the members locked."""
    found = sorted(set(members))
    cycle = cycle_of(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "members": found,
        "cycle": cycle.name,
        "begins": cycle.begins,
        "ends": cycle.ends,
    }
    ctx.db.execute(_BLANK, values)
    ctx.db.execute(_START, values)
    carry(ctx, dict.fromkeys(found, 0))


def announce(ctx: Context, members: Iterable[str]) -> None:
    """Ask every store that knows one of these members, and that we may write to, to show the card;
    forget what is kept of them, and let those know who show the card elsewhere."""
    found = sorted(set(members))
    if not found:
        return
    ctx.stale(*map(cache.points_tag, found))
    requests = []
    for store_id, customers in _known_by(ctx, found):
        for start in range(0, len(customers), CARDS_A_PUSH):
            group = customers[start : start + CARDS_A_PUSH]
            requests.append((new_id("chg_"), {"store_id": store_id, "customers": group}))
    ctx.emit_all("points.changed", requests)
    groups = (found[at : at + MEMBERS_A_MESSAGE] for at in range(0, len(found), MEMBERS_A_MESSAGE))
    told = [(new_id("crd_"), {"members": group}) for group in groups]
    ctx.emit_all("points.cards_changed", told)


def _known_by(ctx: Context, members: list[str]) -> Iterable[tuple[str, list[str]]]:
    """(store id, homes of these members that it knows) of stores that we may write to."""
    values = {"merchant_id": ctx.merchant_id, "members": members}
    stores = list(ctx.db.execute(_TWO_STORES, values))
    if len(stores) == 1 and not stores[0].merged:
        # Everybody is a customer of the only store, under their own id.
        return [(store.store_id, members) for store in stores if store.connected]
    return [(store_id, list(homes)) for store_id, homes in ctx.db.execute(_STORES, values)]


_TWO_STORES = text(
    """
    select store_id, access_token is not null as connected, exists(
        select from users u where u.merchant_id = :merchant_id and u.merged_into is not null
    ) as merged
    from stores where merchant_id = :merchant_id
    order by store_id limit 2
    """
)
_STORES = text(
    """
    with homes as materialized (
        select customer_id from users
        where merchant_id = :merchant_id and customer_id = any(:members)
        union
        select customer_id from users
        where merchant_id = :merchant_id and merged_into = any(:members)
    ), known as (
        select i.store_id, i.customer_id
        from homes join customer_identities i
            on i.merchant_id = :merchant_id and i.customer_id = homes.customer_id
        group by i.store_id, i.customer_id
    )
    select k.store_id, array_agg(k.customer_id order by k.customer_id)
    from known k
    join stores s on s.merchant_id = :merchant_id and s.store_id = k.store_id
    where s.access_token is not null
    group by k.store_id
    order by k.store_id
    """
)
_CARRY = text(
    """
    with homes as materialized (
        select customer_id as home, coalesce(merged_into, customer_id) as member
        from users
        where merchant_id = :merchant_id
          and (customer_id = any(:members) or merged_into = any(:members))
    ), lots as (
        select h.member,
            sum(l.remaining) filter (where l.available_at <= :now)::bigint as points,
            sum(l.remaining) filter (where l.available_at > :now)::bigint as pending,
            min(l.expires_at) as expires_at,
            min(l.available_at) filter (where l.available_at > :now) as available_at
        from homes h
        join points_lots l on l.merchant_id = :merchant_id and l.customer_id = h.home
        where l.remaining > 0 and (l.expires_at is null or l.expires_at > :now)
        group by h.member
    ), debts as (
        select h.member, sum(d.points)::bigint as points
        from homes h
        join points_deficits d on d.merchant_id = :merchant_id and d.customer_id = h.home
        group by h.member
    ), sums as materialized (
        select m.member, coalesce(l.points, 0) - coalesce(d.points, 0) as points,
            coalesce(l.pending, 0) as pending, least(l.expires_at, l.available_at) as changes_at,
            m.score
        from jsonb_to_recordset(cast(:rows as jsonb)) as m(member text, score bigint)
        left join lots l using (member) left join debts d using (member)
        order by m.member
    ), balances as (
        update users u set points_balance = sums.points
        from sums
        where u.merchant_id = :merchant_id and u.customer_id = sums.member
          and u.points_balance <> sums.points
    )
    insert into customer_cards as card (
        merchant_id, customer_id, points, pending, changes_at, score, score_net, score_cycle
    )
    select :merchant_id, member, points, pending, changes_at, greatest(score, 0), score, :cycle
    from sums
    on conflict (merchant_id, customer_id) do update
    set points = excluded.points, pending = excluded.pending, changes_at = excluded.changes_at,
        score = greatest(0, excluded.score_net + case
            when card.score_cycle = excluded.score_cycle then card.score_net else 0 end),
        score_net = excluded.score_net + case
            when card.score_cycle = excluded.score_cycle then card.score_net else 0 end,
        score_cycle = excluded.score_cycle, version = card.version + 1
    """
)
_BLANK = text(
    """
    with homes as materialized (
        select customer_id from users
        where merchant_id = :merchant_id and merged_into = any(:members)
        order by customer_id
    ), balances as (
        update users u set points_balance = 0 from homes
        where u.merchant_id = :merchant_id and u.customer_id = homes.customer_id
    )
    update customer_cards card
    set points = 0, pending = 0, changes_at = null, score = 0, score_net = 0,
        version = card.version + 1
    from homes
    where card.merchant_id = :merchant_id and card.customer_id = homes.customer_id
    """
)
# The score is counted anew. A store may already show a version of another home's card, which this
# one takes the place of.
_START = text(
    """
    with homes as materialized (
        select customer_id as home, coalesce(merged_into, customer_id) as member
        from users
        where merchant_id = :merchant_id
          and (customer_id = any(:members) or merged_into = any(:members))
    ), shown as (
        select h.member, max(p.pushed_version) as version
        from homes h
        join customer_identities i on i.merchant_id = :merchant_id and i.customer_id = h.home
        join metafield_projections p on p.merchant_id = i.merchant_id
            and p.store_id = i.store_id and p.external_id = i.external_id
        group by h.member
    ), scores as (
        select h.member, sum(t.points)::bigint as score
        from homes h
        join points_transactions t on t.merchant_id = :merchant_id and t.customer_id = h.home
        where (t.type = 'earn' or t.type = 'clawback' and t.order_id is not null)
          and t.occurred_at >= :begins and t.occurred_at < :ends
        group by h.member
    )
    insert into customer_cards as card (
        merchant_id, customer_id, version, score, score_net, score_cycle
    )
    select :merchant_id, member, coalesce(shown.version, 1),
           greatest(coalesce(scores.score, 0), 0), coalesce(scores.score, 0), :cycle
    from unnest(cast(:members as text[])) as m(member)
    left join shown using (member) left join scores using (member)
    order by member
    on conflict (merchant_id, customer_id) do update
    set version = greatest(card.version, excluded.version), score = excluded.score,
        score_net = excluded.score_net, score_cycle = excluded.score_cycle
    """
)
