"""What became of invitations: the funnel, refusals, what waits for a person, links by member."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context

REVIEWS_SHOWN, LINKS_SHOWN = 50, 20


@dataclass(frozen=True, slots=True)
class Funnel:
    """Since the beginning: visitors of links (each once a day), claims, first orders of friends,
    those that wait for the end of their hold, rewards granted, and claims that came to nothing."""

    links: int
    clicks: int
    claims: int
    orders: int
    held: int
    rewards: int
    ended: int


def funnel(ctx: Context) -> Funnel:
    """The figures of all stores together."""
    return Funnel(*ctx.db.execute(_FUNNEL, {"merchant_id": ctx.merchant_id}).one())


_FUNNEL = text(
    """
    select l.links, l.clicks, c.*
    from (
        select count(*) as links, coalesce(sum(clicks), 0)::bigint as clicks
        from referral_links where merchant_id = :merchant_id
    ) as l
    cross join (
        select count(*), count(order_id), count(*) filter (where state = 'held'),
               count(*) filter (where state = 'rewarded'),
               count(*) filter (where state in ('refused', 'void'))
        from referral_claims where merchant_id = :merchant_id
    ) as c
    """
)


def refusals(ctx: Context) -> Sequence[tuple[str, int]]:
    """(reason, number), the most frequent first: claims refused at the door, and those that came to
    nothing later."""
    rows = ctx.db.execute(_REFUSALS, {"merchant_id": ctx.merchant_id})
    return [(str(reason), int(number)) for reason, number in rows]


_REFUSALS = text(
    """
    select reason, sum(number)::bigint as number
    from (
        select reason, refused as number from referral_refusals where merchant_id = :merchant_id
        union all
        select reason, 1 from referral_claims
        where merchant_id = :merchant_id and reason is not null
    ) as every
    group by reason
    order by number desc, reason
    """
)


@dataclass(frozen=True, slots=True)
class WaitingClaim:
    """A claim that waits for a person. `advocate` is the member's store number (their id where
    there is none); `today` counts the claims of that link within a day of this one."""

    claim_id: str
    claimed_at: datetime
    code: str
    advocate: str
    shop: str
    state: str
    guest: bool
    today: int


def waiting(ctx: Context) -> list[WaitingClaim]:
    """The oldest claims that wait for a person."""
    values = {"merchant_id": ctx.merchant_id, "most": REVIEWS_SHOWN}
    return [WaitingClaim(*row) for row in ctx.db.execute(_WAITING, values)]


_WAITING = text(
    """
    select c.claim_id, c.claimed_at, c.code,
           coalesce((
               select min(i.external_id) from customer_identities i
               where i.merchant_id = c.merchant_id and i.customer_id = c.advocate
           ), c.advocate),
           coalesce(s.name, s.shop_domain), c.state, c.external_id is null,
           (
               select count(*) from referral_claims o
               where o.merchant_id = c.merchant_id and o.advocate = c.advocate
                 and o.claimed_at between c.claimed_at - interval '1 day'
                     and c.claimed_at + interval '1 day'
           )
    from referral_claims c
    join stores s on s.merchant_id = c.merchant_id and s.store_id = c.store_id
    where c.merchant_id = :merchant_id and c.in_review
    order by c.claimed_at, c.claim_id
    limit :most
    """
)


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """One link; `customer` is the number of its member at a store, or their id."""

    code: str
    customer: str
    clicks: int
    claims: int
    orders: int
    rewards: int
    points: int


def links(ctx: Context) -> list[LinkFigures]:
    """The links that brought the most."""
    values = {"merchant_id": ctx.merchant_id, "most": LINKS_SHOWN}
    return [LinkFigures(*row) for row in ctx.db.execute(_LINKS, values)]


_LINKS = text(
    """
    select l.code,
           coalesce((
               select min(i.external_id) from customer_identities i
               where i.merchant_id = l.merchant_id and i.customer_id = l.customer_id
           ), l.customer_id),
           l.clicks, coalesce(c.claims, 0), coalesce(c.orders, 0), coalesce(c.rewards, 0),
           coalesce(c.points, 0)
    from referral_links l
    left join (
        select code, count(*) as claims, count(order_id) as orders,
               count(*) filter (where state = 'rewarded') as rewards,
               coalesce(sum(advocate_points) filter (where state = 'rewarded'), 0) as points
        from referral_claims where merchant_id = :merchant_id
        group by code
    ) as c on c.code = l.code
    where l.merchant_id = :merchant_id
    order by c.rewards desc nulls last, c.claims desc nulls last, l.clicks desc, l.code
    limit :most
    """
)


def currencies(ctx: Context) -> list[str]:
    """The currencies of the merchant's stores."""
    return [str(c) for c in ctx.db.scalars(_CURRENCIES, {"merchant_id": ctx.merchant_id})]


_CURRENCIES = text(
    "select distinct currency from stores where merchant_id = :merchant_id order by currency"
)
