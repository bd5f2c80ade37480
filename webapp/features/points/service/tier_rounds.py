"""Judging members whom no order of theirs brings up: time has passed, the merchant has changed the
tiers, or two members have become one."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.service import tiers
from webapp.features.points.service.cards import announce

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
    announce(ctx, sorted(moved))


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
    announce(ctx, tiers.recompute(ctx, members))


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
    announce(ctx, tiers.carry(ctx, member, homes))


def follow_part(ctx: Context, members: Sequence[str]) -> None:
    """These are members of their own again: each by what they have bought themselves, and by the
    tier they were in before, or reached together, for as long as it is kept."""
    announce(ctx, tiers.recompute(ctx, members, tell=False))
