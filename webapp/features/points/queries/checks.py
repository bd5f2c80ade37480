"""Does the ledger add up? What is asked every night of all members, and replayed for some."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.lots import Entry, LotReplayer


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Where two accounts of the same points differ: of which home or member, what was compared
    (entries, lots, card, pending, balance or replay), what the ledger says, and what was found."""

    customer_id: str
    what: str
    expected: int
    found: int


def unbalanced(ctx: Context, most: int) -> Sequence[Imbalance]:
    """Up to `most` differences, over all homes and members of the merchant: entries against lots
    and debts, lots against what was taken from them, cards and balances against lots."""
    found: list[Imbalance] = []
    for sql in (_ENTRIES, _LOTS, _CARDS):
        values = {"merchant_id": ctx.merchant_id, "now": ctx.now, "most": most - len(found)}
        found += (Imbalance(*row) for row in ctx.db.execute(sql, values))
    return found


_ENTRIES = text(
    """
    with entered as (
        select customer_id, sum(points)::bigint as points
        from points_transactions where merchant_id = :merchant_id group by customer_id
    ), kept as (
        select customer_id, sum(points)::bigint as points
        from (
            select customer_id, remaining as points from points_lots
            where merchant_id = :merchant_id
            union all
            select customer_id, -points from points_deficits where merchant_id = :merchant_id
        ) as parts
        group by customer_id
    )
    select customer_id, 'entries', coalesce(e.points, 0), coalesce(k.points, 0)
    from entered e full join kept k using (customer_id)
    where coalesce(e.points, 0) <> coalesce(k.points, 0)
    order by customer_id
    limit :most
    """
)
_LOTS = text(
    """
    with taken as (
        select customer_id, lot_id, sum(points - returned)::bigint as points
        from lot_allocations where merchant_id = :merchant_id group by customer_id, lot_id
    )
    select l.customer_id, 'lots', sum(l.points - coalesce(t.points, 0))::bigint,
           sum(l.remaining)::bigint
    from points_lots l
    left join taken t on t.customer_id = l.customer_id and t.lot_id = l.transaction_id
    where l.merchant_id = :merchant_id and l.remaining <> l.points - coalesce(t.points, 0)
    group by l.customer_id
    order by l.customer_id
    limit :most
    """
)
# A card that is due to be settled is compared as a whole: which part of it can be spent has changed
# since, but not how much there is.
_CARDS = text(
    """
    with homes as (
        select customer_id, coalesce(merged_into, customer_id) as member
        from users where merchant_id = :merchant_id
    ), parts as (
        select h.member, l.remaining as points,
            case when l.available_at > :now then l.remaining else 0 end as pending
        from points_lots l join homes h using (customer_id)
        where l.merchant_id = :merchant_id and l.remaining > 0
        union all
        select h.member, -d.points, 0
        from points_deficits d join homes h using (customer_id)
        where d.merchant_id = :merchant_id
    ), kept as (
        select member, sum(points)::bigint as points, sum(pending)::bigint as pending
        from parts group by member
    ), shown as (
        select u.customer_id, coalesce(c.points, 0) as points, coalesce(c.pending, 0) as pending,
            u.points_balance, coalesce(c.changes_at <= :now, false) as due,
            coalesce(k.points, 0) as kept, coalesce(k.pending, 0) as kept_pending
        from users u
        left join customer_cards c on c.merchant_id = u.merchant_id
            and c.customer_id = u.customer_id
        left join kept k on k.member = u.customer_id
        where u.merchant_id = :merchant_id
    ), differences as (
        select customer_id, 'card' as what, kept as expected, points + pending as found from shown
        union all
        select customer_id, 'pending', kept_pending, pending from shown where not due
        union all
        select customer_id, 'balance', points, points_balance from shown
    )
    select customer_id, what, expected, found from differences
    where expected <> found
    order by customer_id, what
    limit :most
    """
)


def replayed(ctx: Context, homes: Sequence[str]) -> Sequence[Imbalance]:
    """Work out the lots and debts of these homes from their entries alone, and tell where the
    tables say something else."""
    values = {"merchant_id": ctx.merchant_id, "homes": list(homes)}
    books: dict[str, LotReplayer] = {home: LotReplayer() for home in homes}
    for home, *entry in ctx.db.execute(_HISTORY, values):
        books[home].play(Entry(*entry))
    found: list[Imbalance] = []
    for home, lot_id, remaining in ctx.db.execute(_REMAINING, values):
        lot = books[home].lots.get(lot_id)
        expected = lot.remaining if lot else 0
        if expected != remaining:
            found.append(Imbalance(home, "replay", expected, remaining))
    owed = dict(map(tuple, ctx.db.execute(_OWED, values)))
    for home, book in books.items():
        if book.owed != owed.get(home, 0):
            found.append(Imbalance(home, "replay", -book.owed, -owed.get(home, 0)))
    return found


def sample(ctx: Context, most: int, seed: str) -> Sequence[str]:
    """Some homes that have entries, others for another `seed`."""
    values = {"merchant_id": ctx.merchant_id, "most": most, "seed": seed}
    return list(ctx.db.scalars(_SAMPLE, values))


_HISTORY = text(
    """
    select customer_id, transaction_id, type, points, occurred_at, available_at, expires_at,
           parent_id
    from points_transactions
    where merchant_id = :merchant_id and customer_id = any(:homes)
    order by transaction_id
    """
)
_REMAINING = text(
    """
    select customer_id, transaction_id, remaining from points_lots
    where merchant_id = :merchant_id and customer_id = any(:homes)
    order by customer_id, transaction_id
    """
)
_OWED = text(
    """
    select customer_id, points from points_deficits
    where merchant_id = :merchant_id and customer_id = any(:homes)
    """
)
_SAMPLE = text(
    """
    select customer_id from points_lots where merchant_id = :merchant_id
    group by customer_id
    order by md5(customer_id || :seed)
    limit :most
    """
)
