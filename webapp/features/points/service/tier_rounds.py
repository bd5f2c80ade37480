"""Judging members whom no order of theirs brings up: time has passed, the merchant has changed the
tiers, or two members have become one."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.service import tiers
from webapp.features.points.service.cards import CARDS_A_PUSH

MEMBERS_A_ROUND = 2_000


def judge_next(ctx: Context, key: str, after: str, again: str | None) -> None:
    """Judge the members whose id is above `after`, MEMBERS_A_ROUND of them, and ask for the rest.
    Those in the tier `again` are shown anew as well. Nobody is told."""
    values = {"merchant_id": ctx.merchant_id, "after": after, "most": MEMBERS_A_ROUND}
    members = list(ctx.db.scalars(_NEXT, values))
    if len(members) == MEMBERS_A_ROUND:
        rest = {"after": members[-1], "again": again}
        ctx.emit("points.tiers_changed", f"{key.partition(':')[0]}:{members[-1]}", rest)
    moved = set(tiers.judge(ctx, members, tell=False)) if members else set()
    if again:
        values = {"merchant_id": ctx.merchant_id, "members": members, "tier": again}
        moved |= set(ctx.db.scalars(_AGAIN, values))
    push(ctx, sorted(moved))


_NEXT = text(
    """
    select customer_id from users
    where merchant_id = :merchant_id and customer_id > :after and merged_into is null
    order by customer_id limit :most
    """
)
_AGAIN = text(
    """
    update customer_cards set version = version + 1
    where merchant_id = :merchant_id and customer_id = any(:members) and tier = :tier
    returning customer_id
    """
)


def judge_due(ctx: Context, key: str) -> None:
    """Judge MEMBERS_A_ROUND of those for whom the time has come, and ask for the rest."""
    members = _due(ctx)
    if len(members) == MEMBERS_A_ROUND:
        ctx.emit("points.tiers_due", f"{key.partition(':')[0]}:{members[-1]}", {})
    push(ctx, tiers.recompute(ctx, members))


def ask_for_due(ctx: Context) -> None:
    """Ask that those are judged for whom the time has come, if there are any."""
    if _due(ctx, most=1):
        ctx.emit("points.tiers_due", new_id("due_"), {})


def _due(ctx: Context, most: int = MEMBERS_A_ROUND) -> list[str]:
    values = {"merchant_id": ctx.merchant_id, "now": ctx.now, "most": most}
    return list(ctx.db.scalars(_DUE, values))


_DUE = text(
    """
    select t.customer_id
    from member_tiers t join users u using (merchant_id, customer_id)
    where t.merchant_id = :merchant_id and t.next_at <= :now and u.merged_into is null
    order by t.customer_id limit :most
    """
)


def follow_merge(ctx: Context, member: str, homes: Sequence[str]) -> None:
    """The members of `homes` have become `member`; see `tiers.carry`."""
    push(ctx, tiers.carry(ctx, member, homes))


def follow_part(ctx: Context, members: Sequence[str]) -> None:
    """These are members of their own again: each by what they have bought themselves, and by the
    tier they were in before, or reached together, for as long as it is kept."""
    push(ctx, tiers.recompute(ctx, members, tell=False))


def push(ctx: Context, members: Sequence[str]) -> None:
    """Show the tiers of these members in the stores that know them."""
    if not members:
        return
    ctx.stale(*map(cache.points_tag, members))
    values = {"merchant_id": ctx.merchant_id, "members": list(members), "most": CARDS_A_PUSH}
    groups = ctx.db.execute(_STORES, values)
    requests = [(new_id("push_"), {"store_id": s, "customers": group}) for s, group in groups]
    ctx.emit_all("points.changed", requests)


_STORES = text(
    """
    select store_id, array_agg(customer_id order by customer_id)
    from (
        select i.store_id, i.customer_id,
               (row_number() over (partition by i.store_id order by i.customer_id) - 1) / :most
                   as part
        from users u
        join customer_identities i
            on i.merchant_id = u.merchant_id and i.customer_id = u.customer_id
        join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
        where u.merchant_id = :merchant_id and s.access_token is not null
          and (u.customer_id = any(:members) or u.merged_into = any(:members))
    ) as known
    group by store_id, part
    order by store_id, part
    """
)
