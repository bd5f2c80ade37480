"""Tags the first ten of the shared leaderboard in every shop that shares it, and looks whether the
shop then names the same ones with the same scores."""

from collections.abc import Sequence
from dataclasses import asdict

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.jobs.sync import NAMESPACE
from webapp.features.points.messages import BoardPush, BoardShared
from webapp.gateways import Gateways
from webapp.gateways.shopify_leaderboard import ShopBoard


def share_boards(ctx: Context) -> None:
    """Every day anew."""
    service.share_boards(ctx)


def follow_cycle(ctx: Context) -> None:
    """Soon after a cycle began, or where the shop was not right."""
    service.begin_cycle(ctx)
    service.share_boards(ctx, all_of_them=False)


def begin_cycle(ctx: Context, messages: Sequence[Message]) -> None:
    service.begin_cycle(ctx)


def prepare(ctx: Context, message: Message) -> BoardPush | None:
    return service.prepare_board(ctx, message.payload)


def send(gateways: Gateways, push: BoardPush) -> Outcome:
    """Whom the shop names is the truth: who is missing gets the tag, who fell out loses it. Doing
    it twice is doing it once, so a lease that ends meanwhile harms nothing."""
    tag = f"shared_leaderboard_{push.cycle}"
    board = ShopBoard(gateways.shopify, push.shop_domain, push.access_token, NAMESPACE, tag)
    found = board.read()
    add = [one for one in push.wanted if one not in found]
    remove = [one for one in found if one not in push.wanted]
    refused = board.change(add, remove)
    if add or remove:
        found = board.read()
    shown = {one: (tagged.score, tagged.shared_customer_id) for one, tagged in found.items()}
    done = BoardShared(
        added=[one for one in add if one not in refused],
        removed=[one for one in remove if one not in refused],
        verified=shown == dict(push.wanted),
    )
    return Outcome(True, report=asdict(done))


def settle(ctx: Context, push: BoardPush, outcome: Outcome) -> None:
    service.record_board(ctx, push, BoardShared(**outcome.report))


APPLIES = {"points.cycle_begun": begin_cycle}
SENDS = {"points.board_due": Send(prepare, send, settle, "shopify")}
EVERY = {"daily": share_boards, "hourly": follow_cycle}
LABELS = dict.fromkeys((*APPLIES, *SENDS), N_("deliveries.points.board", "Shared leaderboard"))
