"""The reward for a friend: granted when its hold is over, and taken back when the reason for it is
gone. One transaction of a merchant does so at a time; it locks claims before any member, and all
members together, in the order of their ids."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.messages import OrderRange
from webapp.features.points.queries.program import program
from webapp.features.points.queries.rules import bonus_expires_at
from webapp.features.points.service.ledger import Credit, credit, lock_members, void
from webapp.features.points.service.referral_orders import TOLD_AT, news
from webapp.features.points.service.referral_settings import read_referral_programme

REFERRAL_REWARDED = "referral_rewarded"
GRANTED_AT_ONCE = 100


def settle_rewards(ctx: Context, orders: Sequence[int] = (), members: Sequence[str] = ()) -> int:
    """Take back what has lost its reason, and grant what is due; how many were granted.

    A claim is void when its order (one of `orders`, or of what is due) was cancelled, or is worth
    less than the minimum after refunds; and, for `members` who have become one with others, when
    its advocate and its friend are the same member, or that friend was brought before. What was
    granted for it is taken back; nothing is done twice, and parting members changes nothing.

    A reward above the member's monthly cap is refused (its friend is rewarded all the same). The
    month is the calendar month of the programme's zone. Where more may be due, more is asked for.
    Call it after `take_turns`.
    """
    due = ctx.db.execute(_DUE, _bound(ctx, most=GRANTED_AT_ONCE)).all()
    at_stake = sorted({*orders, *(claim.order_id for claim in due)})
    lost = {claim.claim_id: claim for claim in _lost(ctx, at_stake, members)}
    rest = [claim for claim in due if claim.claim_id not in lost]
    keys = [k for c in lost.values() for k in (c.advocate_key, c.friend_key) if k is not None]
    homes = {home for claim in rest for home in (claim.advocate, claim.friend) if home is not None}
    lock_members(ctx, sorted(homes | set(_holders(ctx, keys))))
    for claim in lost.values():
        _void(ctx, claim)
    over = _over_cap(ctx, rest)
    for claim in rest:
        _grant(ctx, claim, capped=claim.claim_id in over)
    granted = [claim for claim in rest if claim.claim_id not in over]
    ctx.emit_all("points.referral_rewarded", news(granted))
    if len(due) == GRANTED_AT_ONCE:
        ctx.emit("points.rewards_due", new_id("due_"), {})
    return len(granted)


def take_turns(ctx: Context) -> None:
    """Wait until no other transaction of this merchant settles claims, and let none until this one
    ends: several together might lock the same claims and members crosswise."""
    ctx.db.execute(_ONE_AT_A_TIME, _bound(ctx))


_ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock(hashtext('referral rewards'), hashtext(:merchant_id))"
)


def _bound(ctx: Context, **more: Any) -> dict[str, Any]:
    return {"merchant_id": ctx.merchant_id, "now": ctx.now, **more}


_DUE = text(
    f"""
    select c.claim_id, c.store_id, c.order_id, c.advocate, c.friend, c.advocate_points,
           c.friend_points,
           coalesce(u.merged_into, u.customer_id) as member,
           ({TOLD_AT.format(member="coalesce(u.merged_into, u.customer_id)", store="c.store_id")}
           ) as told_at
    from referral_claims c
    join users u on u.merchant_id = c.merchant_id and u.customer_id = c.advocate
    where c.merchant_id = :merchant_id and c.state = 'held' and c.hold_until <= :now
    order by c.claim_id
    limit :most
    for no key update of c
    """  # noqa: S608 - the subselect is a constant
)


def _over_cap(ctx: Context, claims: Sequence[Row[Any]]) -> set[str]:
    """The claims of members who have had all the rewards of this month."""
    cap = read_referral_programme(ctx).monthly_cap
    if cap is None:
        return set()
    values = _bound(ctx, members=sorted({c.member for c in claims}), zone=program(ctx).zone.key)
    had = Counter({member: number for member, number in ctx.db.execute(_THIS_MONTH, values)})
    over = set()
    for claim in claims:
        had[claim.member] += 1
        if had[claim.member] > cap:
            over.add(claim.claim_id)
    return over


_THIS_MONTH = text(
    """
    select coalesce(u.merged_into, u.customer_id), count(*)
    from users u
    join referral_claims c on c.merchant_id = u.merchant_id and c.advocate = u.customer_id
    where u.merchant_id = :merchant_id
      and (u.customer_id = any(:members) or u.merged_into = any(:members))
      and c.state = 'rewarded'
      and c.rewarded_at >= date_trunc('month', :now at time zone :zone) at time zone :zone
    group by 1
    """
)


def _grant(ctx: Context, claim: Row[Any], *, capped: bool) -> None:
    """Enter both rewards under keys of the claim. An entry names no order: it is the friend's, and
    nobody else's business."""
    keys: dict[str, str | None] = {"advocate_key": None, "friend_key": None}
    for side, home, points in (
        ("advocate", claim.advocate, 0 if capped else claim.advocate_points),
        ("friend", claim.friend, claim.friend_points),
    ):
        if home is not None and points:
            key = keys[f"{side}_key"] = f"referral:{claim.claim_id}:{side}"
            end = bonus_expires_at(ctx, claim.store_id, ctx.now)
            bonus = Credit(
                home,
                claim.store_id,
                "bonus",
                points,
                key,
                ctx.now,
                expires_at=end,
                reason="referral",
            )
            credit(ctx, bonus)
    state, reason = ("refused", "cap") if capped else ("rewarded", None)
    values = _bound(ctx, claim_id=claim.claim_id, state=state, reason=reason, **keys)
    ctx.db.execute(_GRANTED, values)
    if not capped:
        ctx.audit(REFERRAL_REWARDED, claim_id=claim.claim_id, points=claim.advocate_points)
        ctx.track(REFERRAL_REWARDED, points=claim.advocate_points)
    ctx.stale(cache.points_tag(claim.member))


_GRANTED = text(
    """
    update referral_claims
    set state = :state, reason = :reason, advocate_key = :advocate_key, friend_key = :friend_key,
        rewarded_at = case when :state = 'rewarded' then cast(:now as timestamptz) end,
        decided_at = :now
    where merchant_id = :merchant_id and claim_id = :claim_id
    """
)


def refunded_orders(ctx: Context, refunds: OrderRange) -> list[int]:
    """The orders of friends that these refunds (a range of theirs) are of."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": refunds.store_id,
        "first": refunds.first,
        "last": refunds.last,
    }
    return [int(order_id) for order_id in ctx.db.scalars(_REFUNDED, values)]


_REFUNDED = text(
    """
    select distinct c.order_id
    from refunds r
    join orders o on o.merchant_id = r.merchant_id and o.store_id = r.store_id
        and o.external_id = r.order_key
    join referral_claims c on c.merchant_id = o.merchant_id and c.order_id = o.order_id
    where r.merchant_id = :merchant_id and r.store_id = :store_id
      and r.refund_id between :first and :last
    """
)


def _lost(ctx: Context, orders: Sequence[int], members: Sequence[str]) -> list[Row[Any]]:
    found = ctx.db.execute(_LOST, _bound(ctx, orders=list(orders))).all() if orders else []
    own = ctx.db.execute(_OF_ONE, _bound(ctx, members=list(members))).all() if members else []
    return [*found, *own]


_LOST = text(
    """
    select c.claim_id, c.advocate, c.advocate_key, c.friend_key,
           case when o.cancelled_at is not null then 'cancelled' else 'refunded' end as reason
    from referral_claims c
    join orders o on o.merchant_id = c.merchant_id and o.order_id = c.order_id
    where c.merchant_id = :merchant_id and c.order_id = any(:orders)
      and (c.state in ('ordered', 'held', 'rewarded') or c.state = 'refused' and c.reason = 'cap')
      and (
          o.cancelled_at is not null
          or coalesce(o.basis_minor, o.amount_minor) - (
              select coalesce(sum(coalesce(r.basis_minor, r.amount_minor)), 0)
              from refunds r
              where r.merchant_id = o.merchant_id and r.store_id = o.store_id
                and r.order_key = o.external_id
          ) < greatest(c.minimum_minor, 1)
      )
    order by c.claim_id
    for no key update of c
    """
)


def _void(ctx: Context, claim: Row[Any]) -> None:
    """Make a claim void and take back what was granted for it."""
    for key in (claim.advocate_key, claim.friend_key):
        if key is not None:
            void(ctx, key, f"{key}:void", ctx.now)
    ctx.db.execute(_VOIDED, _bound(ctx, claim_id=claim.claim_id, reason=claim.reason))
    ctx.stale(cache.points_tag(claim.advocate))


def _holders(ctx: Context, keys: Sequence[str]) -> list[str]:
    """The homes that hold what was given under these keys."""
    values = {"merchant_id": ctx.merchant_id, "keys": list(keys)}
    return [str(home) for home in ctx.db.scalars(_HOLDERS, values)] if keys else []


_HOLDERS = text(
    """
    select distinct customer_id from points_transactions
    where merchant_id = :merchant_id and idempotency_key = any(:keys)
    order by customer_id
    """
)
_VOIDED = text(
    """
    update referral_claims set state = 'void', reason = :reason, decided_at = :now
    where merchant_id = :merchant_id and claim_id = :claim_id
    """
)


_OF_ONE = text(
    """
    with homes as (
        select u.customer_id, coalesce(u.merged_into, u.customer_id) as member
        from users u
        where u.merchant_id = :merchant_id
          and (u.customer_id = any(:members) or u.merged_into = any(:members))
    ), befriended as (
        select c.claim_id, h.member, c.claimed_at,
               row_number() over (partition by h.member order by c.claimed_at, c.claim_id) as nth
        from homes h
        join referral_claims c on c.merchant_id = :merchant_id and c.friend = h.customer_id
        where c.state <> 'void' and c.reason is distinct from 'review'
    )
    select c.claim_id, c.advocate, c.advocate_key, c.friend_key,
           case when a.member = b.member then 'same_person' else 'already_claimed' end as reason
    from befriended b
    join referral_claims c on c.merchant_id = :merchant_id and c.claim_id = b.claim_id
    left join homes a on a.customer_id = c.advocate
    where (a.member = b.member or b.nth > 1) and c.state <> 'void'
    order by c.claim_id
    for no key update of c
    """
)
