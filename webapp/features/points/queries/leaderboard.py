"""The shared leaderboard: who earned most in a cycle, over all stores that share.

Ranks are those of competitions: whoever has equal scores shares a rank, and the next one counts
everybody before it (1, 1, 1, 4).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.queries.sharing import read_sharing


@dataclass(frozen=True, slots=True)
class Place:
    """One member's place. `position` is unique: equal scores are in the order of their ids."""

    rank: int
    position: int
    customer_id: str
    score: int


def standings(ctx: Context, cycle: str, most: int) -> tuple[Place, ...]:
    """The first places of a cycle; none while no leaderboard is shared. Who has no score in it has
    no place."""
    return _places(ctx, cycle, 1, most)


def around(ctx: Context, cycle: str, member: str, each_side: int) -> tuple[Place, ...]:
    """A member's place and those next to it; none for somebody without a place."""
    values = {**_shared(ctx), "cycle": cycle, "member": member}
    position = ctx.db.scalar(_POSITION, values)
    if position is None:
        return ()
    return _places(ctx, cycle, position - each_side, position + each_side)


def _places(ctx: Context, cycle: str, first: int, last: int) -> tuple[Place, ...]:
    values = {**_shared(ctx), "cycle": cycle, "first": first, "last": last}
    return tuple(Place(*row) for row in ctx.db.execute(_PLACES, values))


def _shared(ctx: Context) -> dict[str, object]:
    sharing = read_sharing(ctx)
    shops = list(sharing.shared_stores) if sharing.shared_leaderboard else []
    return {"merchant_id": ctx.merchant_id, "shops": shops}


_RANKED = """
    with shared as materialized (
        select store_id from stores
        where merchant_id = :merchant_id and shop_domain = any(:shops)
    ), known as (
        select distinct coalesce(u.merged_into, u.customer_id) as customer_id
        from shared
        join customer_identities i
            on i.merchant_id = :merchant_id and i.store_id = shared.store_id
        join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
    ), ranked as (
        select rank() over (order by c.score desc) as rank,
               row_number() over (order by c.score desc, c.customer_id) as position,
               c.customer_id, c.score
        from known
        join customer_cards c
            on c.merchant_id = :merchant_id and c.customer_id = known.customer_id
        where c.score_cycle = :cycle and c.score > 0
    )
"""
_PLACES = text(
    f"""
    {_RANKED}
    select rank, position, customer_id, score from ranked
    where position between :first and :last
    order by position
    """  # noqa: S608 - made of a constant
)
_POSITION = text(
    f"{_RANKED} select position from ranked where customer_id = :member"  # noqa: S608 - likewise
)


@dataclass(frozen=True, slots=True)
class Board:
    """Which cycle's first ten a store's customers were last tagged as."""

    store_id: str
    shop_domain: str
    cycle: str | None
    shared_at: datetime | None
    members: int
    verified: bool


def boards(ctx: Context) -> tuple[Board, ...]:
    """Every store that shares the leaderboard, or did; by its domain."""
    return tuple(Board(*row) for row in ctx.db.execute(_BOARDS, _shared(ctx)))


_BOARDS = text(
    """
    select s.store_id, s.shop_domain, b.cycle, b.shared_at, coalesce(b.members, 0),
           coalesce(b.verified, false)
    from stores s
    left join shared_boards b on b.merchant_id = s.merchant_id and b.store_id = s.store_id
    where s.merchant_id = :merchant_id and s.access_token is not null
      and (s.shop_domain = any(:shops) or b.members > 0)
    order by s.shop_domain
    """
)


@dataclass(frozen=True, slots=True)
class FirstOne:
    """One of the first ten as a store knows them."""

    external_id: str
    shared_customer_id: str
    score: int


def first_ones(ctx: Context, cycle: str, store_id: str, most: int) -> tuple[FirstOne, ...]:
    """Who of the first places is a customer of this store, as long as it shares: of somebody who is
    several of its customers, one."""
    values = {**_shared(ctx), "cycle": cycle, "store_id": store_id, "last": most}
    return tuple(FirstOne(*row) for row in ctx.db.execute(_FIRST_ONES, values))


_FIRST_ONES = text(
    f"""
    {_RANKED}
    select min(i.external_id), m.shared_customer_id, r.score
    from ranked r
    join users m on m.merchant_id = :merchant_id and m.customer_id = r.customer_id
    join users u on u.merchant_id = :merchant_id
        and (u.customer_id = r.customer_id or u.merged_into = r.customer_id)
    join customer_identities i on i.merchant_id = :merchant_id and i.customer_id = u.customer_id
        and i.store_id = :store_id and i.external_id ~ '^[0-9]{{1,19}}$'
    where r.position <= :last and :store_id in (select store_id from shared)
    group by m.shared_customer_id, r.score, r.position
    order by r.position
    """  # noqa: S608 - made of a constant
)
