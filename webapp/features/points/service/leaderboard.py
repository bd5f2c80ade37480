"""Lets the shops know who is among the first ten of the shared leaderboard, by a tag."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.points.messages import BoardPush, BoardShared
from webapp.features.points.queries.leaderboard import boards, first_ones
from webapp.features.points.service.cards import carry, cycle_of
from webapp.features.points.service.ledger import lock_members

SHARED_LEADERBOARD_UPDATED = "shared_leaderboard_updated"
FIRST = 10
MEMBERS_AT_ONCE = 1_000


def begin_cycle(ctx: Context) -> None:
    """Let nobody show the score of a cycle that is over: members who have none in this one yet have
    0, and their stores are told. Some at a time, and more is asked for while there is more."""
    values = {"merchant_id": ctx.merchant_id, "cycle": cycle_of(ctx).name, "most": MEMBERS_AT_ONCE}
    old = list(ctx.db.scalars(_OF_OLD_CYCLES, values))
    holders = lock_members(ctx, old)
    carry(ctx, dict.fromkeys({holders[home].member for home in old}, 0))
    if len(old) == MEMBERS_AT_ONCE:
        ctx.emit("points.cycle_begun", new_id("cyc_"), {})


_OF_OLD_CYCLES = text(
    """
    select customer_id from customer_cards
    where merchant_id = :merchant_id and score > 0 and score_cycle <> :cycle
    order by customer_id
    limit :most
    """
)


def share_boards(ctx: Context, *, all_of_them: bool = True) -> int:
    """Have the first ten of this cycle tagged in every store that shares the leaderboard, and in
    one that no longer does nobody. Otherwise only where the cycle is another one than last time, or
    where the shop did not name the right ones then. The number of stores."""
    cycle = cycle_of(ctx).name
    due = [b for b in boards(ctx) if all_of_them or b.cycle != cycle or not b.verified]
    requests = [(new_id("brd_"), {"store_id": b.store_id, "cycle": cycle}) for b in due]
    ctx.emit_all("points.board_due", requests)
    return len(due)


def prepare_board(ctx: Context, payload: Mapping[str, Any]) -> BoardPush | None:
    """Who is to have the tag in a store; None for one that we may not write to."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if store.access_token is None:
        return None
    cycle = str(payload["cycle"])
    found = first_ones(ctx, cycle, store.store_id, FIRST)
    return BoardPush(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        access_token=ctx.keys.open(
            store.access_token, Store.token_place(ctx.merchant_id, store.store_id)
        ),
        cycle=cycle,
        wanted={one.external_id: (str(one.score), one.shared_customer_id) for one in found},
    )


def record_board(ctx: Context, push: BoardPush, done: BoardShared) -> None:
    """Note what the shop knows now; what changed is in the audit log."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": push.store_id,
        "cycle": push.cycle,
        "wall": ctx.wall,
        "members": len(push.wanted),
        "verified": done.verified,
    }
    ctx.db.execute(_RECORD, values)
    if done.added or done.removed:
        ctx.audit(
            SHARED_LEADERBOARD_UPDATED,
            store_id=push.store_id,
            cycle=push.cycle,
            added=done.added,
            removed=done.removed,
            verified=done.verified,
        )


_RECORD = text(
    """
    insert into shared_boards (merchant_id, store_id, cycle, shared_at, members, verified)
    values (:merchant_id, :store_id, :cycle, :wall, :members, :verified)
    on conflict (merchant_id, store_id) do update
    set cycle = excluded.cycle, shared_at = excluded.shared_at, members = excluded.members,
        verified = excluded.verified
    """
)
