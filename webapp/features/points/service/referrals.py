"""Members' links: their codes, who looked at them, and what both sides see of them."""

import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import text

from webapp.core import cache
from webapp.core.addresses import pepper
from webapp.core.context import Context
from webapp.core.contract import Seen, Visitor
from webapp.core.errors import AppError
from webapp.core.refusals import REFERRALS_OFF
from webapp.features.points.domain.referrals import new_link_code, normal_code
from webapp.features.points.messages.referrals import (
    CreateReferralLink,
    Invitation,
    ReferralLinkCreated,
)
from webapp.features.points.service.referral_settings import offer_at, read_referral_programme

LINK_CREATED = "referral_link_created"
# What one code can make us keep on a day, however many machines are sent there.
MOST_CLICKS_A_DAY = 5_000
CLICKS_KEPT = timedelta(days=2)


def create_referral_link(ctx: Context, message: CreateReferralLink) -> ReferralLinkCreated:
    """The code of this member, made when there is none yet. Raises AppError(referrals_off)."""
    code = code_of(ctx, message.customer_id)
    if code is None:
        if not read_referral_programme(ctx).enabled:
            raise AppError(REFERRALS_OFF)
        code = make_code(ctx, message.customer_id)
    return ReferralLinkCreated(code)


def make_code(ctx: Context, member: str) -> str:
    """A code of the member's own. Whoever comes second takes over what the first one made; a code
    that exists already is drawn again."""
    values = {"merchant_id": ctx.merchant_id, "member": member, "now": ctx.now}
    code = None
    while code is None:
        made = ctx.db.scalar(_MAKE, {**values, "code": new_link_code()})
        code = made or code_of(ctx, member)
    ctx.audit(LINK_CREATED, customer_id=member)
    ctx.track(LINK_CREATED)
    ctx.stale(cache.points_tag(member))
    return code


_MAKE = text(
    """
    insert into referral_links (merchant_id, code, customer_id, created_at)
    values (:merchant_id, :code, :member, :now)
    on conflict do nothing
    returning code
    """
)


def code_of(ctx: Context, member: str) -> str | None:
    """The member's code, the oldest of several after a merge; None while there is none."""
    values = {"merchant_id": ctx.merchant_id, "member": member}
    found: str | None = ctx.db.scalar(_CODE, values)
    return found


_CODE = text(
    """
    select l.code
    from users u
    join referral_links l on l.merchant_id = u.merchant_id and l.customer_id = u.customer_id
    where u.merchant_id = :merchant_id and (u.customer_id = :member or u.merged_into = :member)
    order by l.created_at, l.code
    limit 1
    """
)


def count_click(ctx: Context, seen: Seen) -> None:
    """Count that somebody else looked at a code, once a day each, and not beyond what one code may
    make us keep. The hash says nothing without the merchant's key, and is another one every day."""
    code, day = normal_code(seen.name), ctx.wall.date()
    if not code:
        return
    message = b"referral click:%s:%s:%s" % (day.isoformat().encode(), code.encode(), seen.who)
    values = {
        "merchant_id": ctx.merchant_id,
        "code": code,
        "day": day,
        "visitor": hmac.digest(pepper(ctx), message, hashlib.sha256)[:16],
        "most": MOST_CLICKS_A_DAY,
        "member": seen.customer_id,
    }
    ctx.db.execute(_CLICK, values)


_CLICK = text(
    """
    with fresh as (
        insert into referral_clicks (merchant_id, code, day, visitor)
        select :merchant_id, l.code, :day, :visitor
        from referral_links l
        join users u on u.merchant_id = l.merchant_id and u.customer_id = l.customer_id
        where l.merchant_id = :merchant_id and l.code = :code
          and coalesce(u.merged_into, u.customer_id) is distinct from cast(:member as text) and (
            select count(*) from (
                select from referral_clicks c
                where c.merchant_id = :merchant_id and c.code = :code and c.day = :day limit :most
            ) as today
        ) < :most
        on conflict do nothing
        returning code
    )
    update referral_links l set clicks = l.clicks + 1
    from fresh where l.merchant_id = :merchant_id and l.code = fresh.code
    """
)


def forget_clicks(ctx: Context) -> None:
    """Forget who looked at links, when it is not asked any more."""
    sql = text("delete from referral_clicks where merchant_id = :merchant_id and day < :oldest")
    oldest = (ctx.wall - CLICKS_KEPT).date()
    ctx.db.execute(sql, {"merchant_id": ctx.merchant_id, "oldest": oldest})


def invitation(ctx: Context, visitor: Visitor) -> Invitation | None:
    """What the rewards panel shows a member about bringing friends; None for everybody else, and
    while the merchant gives nothing for it. The address is a link of the shop's own, from its root;
    whoever copies it adds the shop."""
    programme = read_referral_programme(ctx)
    if visitor.customer_id is None or not programme.enabled:
        return None
    values = {"merchant_id": ctx.merchant_id, "member": visitor.customer_id}
    friends, points, pending = ctx.db.execute(_BROUGHT, values).one()
    code = code_of(ctx, visitor.customer_id)
    return Invitation(
        code=code,
        address=f"{visitor.root}{visitor.path_prefix}/r/{code}" if code else "",
        friends=friends,
        points=points,
        pending=pending,
        advocate_points=programme.advocate_points,
        offer=offer_at(ctx, programme, visitor.store_id),
    )


_BROUGHT = text(
    """
    select count(*),
           coalesce(sum(c.advocate_points) filter (where c.state = 'rewarded'), 0)::bigint,
           coalesce(sum(c.advocate_points) filter (where c.state = 'held'), 0)::bigint
    from users u
    join referral_claims c on c.merchant_id = u.merchant_id and c.advocate = u.customer_id
    where u.merchant_id = :merchant_id and (u.customer_id = :member or u.merged_into = :member)
      and c.state in ('ordered', 'held', 'rewarded')
    """
)
