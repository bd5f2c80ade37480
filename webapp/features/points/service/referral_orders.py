"""The first order of a friend: it turns a claim into a reward that waits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from webapp.core import cache
from webapp.core.context import Context
from webapp.features.points.messages import OrderRange


def count_referred_orders(ctx: Context, orders: OrderRange) -> list[int]:
    """Find the claims whose friends are behind these new orders; the orders that were found.

    A claim is found by its discount code, or by the buyer: the customer who claimed, the member
    they are, or their e-mail address at any store. Of several claims the one that was made first
    counts. Its reward waits from the order on for as many days as were promised, by the calendar of
    the store. It is void when the buyer is the advocate, has ordered before (also before the claim,
    whenever we hear of that order), or ordered for less than the minimum. Whose points wait now is
    told.
    """
    if not ctx.db.scalar(_ANY, {"merchant_id": ctx.merchant_id}):
        return []
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": orders.store_id,
        "first": orders.first,
        "last": orders.last,
        "now": ctx.now,
    }
    found = ctx.db.execute(_COUNT, values).all()
    counted = [claim for claim in found if claim.state != "void"]
    waiting = [c for c in counted if c.state == "held" and c.hold_until > ctx.now]
    ctx.emit_all("points.referral_ordered", news(waiting))
    ctx.stale(*(cache.points_tag(claim.member) for claim in counted))
    return [claim.order_id for claim in found]


def news(claims: Sequence[Row[Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages (key, payload) to the advocates of these claims."""
    for claim in claims:
        if claim.told_at and claim.advocate_points:
            yield (
                claim.claim_id,
                {
                    "store_id": claim.told_at,
                    "customer_id": claim.member,
                    "points": claim.advocate_points,
                },
            )


_ANY = text(
    """
    select exists (
        select from referral_claims where merchant_id = :merchant_id and state = 'claimed'
    )
    """
)

# Where a member hears of a claim: at the friend's store when they are a customer there too.
TOLD_AT = """
    select i.store_id
    from users h join customer_identities i
        on i.merchant_id = h.merchant_id and i.customer_id = h.customer_id
    where h.merchant_id = :merchant_id and (h.customer_id = {member} or h.merged_into = {member})
    order by i.store_id <> {store}, i.store_id
    limit 1
"""

# Every claim is matched once an order, and of several orders its first. A second's tolerance, for
# shops tell the second of an order only.
_COUNT = text(
    f"""
    with bought as materialized (
        select o.order_id, o.store_id, o.customer_id, o.ordered_at, o.discount_codes,
               coalesce(o.basis_minor, o.amount_minor) as basis,
               coalesce(u.merged_into, u.customer_id) as member
        from orders o
        left join users u on u.merchant_id = o.merchant_id and u.customer_id = o.customer_id
        where o.merchant_id = :merchant_id and o.store_id = :store_id
          and o.order_id between :first and :last
    ), buyers as materialized (
        select distinct b.order_id, i.store_id, i.external_id
        from bought b
        join users h on h.merchant_id = :merchant_id
            and (h.customer_id = b.member or h.merged_into = b.member)
        join customer_identities i
            on i.merchant_id = :merchant_id and i.customer_id = h.customer_id
    ), matched as (
        select b.order_id, c.claim_id
        from bought b
        cross join unnest(b.discount_codes) as used(code)
        join referral_claims c on c.merchant_id = :merchant_id
            and c.discount_code = upper(used.code) and c.store_id = b.store_id
        where c.state = 'claimed'
        union
        select b.order_id, c.claim_id
        from buyers b
        join referral_claims c on c.merchant_id = :merchant_id
            and c.store_id = b.store_id and c.external_id = b.external_id
        where c.state = 'claimed'
        union
        select b.order_id, c.claim_id
        from buyers b
        join customer_contacts k on k.merchant_id = :merchant_id
            and k.store_id = b.store_id and k.external_id = b.external_id
        join referral_claims c
            on c.merchant_id = :merchant_id and c.email_hash = k.email_hash
        where c.state = 'claimed'
    ), attributed as (
        select distinct on (m.order_id) m.order_id, m.claim_id
        from matched m
        join referral_claims c on c.merchant_id = :merchant_id and c.claim_id = m.claim_id
        order by m.order_id, c.claimed_at, m.claim_id
    ), firsts as (
        select distinct on (a.claim_id) a.claim_id, b.*
        from attributed a join bought b using (order_id)
        order by a.claim_id, b.ordered_at, b.order_id
    ), judged as materialized (
        select c.claim_id, f.order_id, f.ordered_at, f.customer_id, a.member,
               case
                   when f.member = a.member then 'self'
                   when f.ordered_at < date_trunc('second', c.claimed_at) or exists (
                       select from users h
                       cross join stores s
                       join orders o on o.merchant_id = :merchant_id
                           and o.store_id = s.store_id and o.customer_id = h.customer_id
                       where h.merchant_id = :merchant_id and s.merchant_id = :merchant_id
                         and (h.customer_id = f.member or h.merged_into = f.member)
                         and o.cancelled_at is null
                         and (o.ordered_at, o.order_id) < (f.ordered_at, f.order_id)
                   ) then 'existing_customer'
                   when f.basis < greatest(c.minimum_minor, 1) then 'below_minimum'
               end as reason,
               (f.ordered_at at time zone s.timezone + make_interval(days => c.hold_days))
                   at time zone s.timezone as hold_until
        from firsts f
        join referral_claims c on c.merchant_id = :merchant_id and c.claim_id = f.claim_id
        join stores s on s.merchant_id = :merchant_id and s.store_id = f.store_id
        join lateral (
            select coalesce(u.merged_into, u.customer_id) as member
            from users u where u.merchant_id = :merchant_id and u.customer_id = c.advocate
        ) as a on true
        order by c.claim_id
        for no key update of c
    )
    update referral_claims c
    set state = case
            when j.reason is not null then 'void' when c.in_review then 'ordered' else 'held' end,
        reason = j.reason, order_id = j.order_id, ordered_at = j.ordered_at,
        friend = coalesce(j.customer_id, c.friend), hold_until = j.hold_until,
        decided_at = case when j.reason is not null then :now end
    from judged j
    where c.merchant_id = :merchant_id and c.claim_id = j.claim_id and c.state = 'claimed'
    returning c.claim_id, c.state, c.order_id, c.hold_until, c.advocate_points, j.member,
              ({TOLD_AT.format(member="j.member", store="c.store_id")}) as told_at
    """  # noqa: S608 - the subselect is the one above
)
