"""Members are put into tiers again when time passes, tiers change, or members merge and part."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points.service import tier_rounds


def judge_everybody(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        payload = message.payload
        tier_rounds.judge_next(ctx, message.key, payload["after"], payload["again"])


def judge_due(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        tier_rounds.judge_due(ctx, message.key)


def follow_merges(ctx: Context, messages: Sequence[Message]) -> None:
    """Keep the higher tier of two members who have become one."""
    for message in messages:
        tier_rounds.follow_merge(ctx, message.payload["member"], message.payload["homes"])


def follow_partings(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        members = [message.payload["member"], *message.payload["homes"]]
        tier_rounds.follow_part(ctx, members)


def look_for_due(ctx: Context) -> None:
    """Whose window has moved, or whose tier has ended, is judged within the hour."""
    tier_rounds.ask_for_due(ctx)


APPLIES = {
    "points.tiers_changed": judge_everybody,
    "points.tiers_due": judge_due,
    "members.merged": follow_merges,
    "members.parted": follow_partings,
}
EVERY = {"hourly": look_for_due}
LABELS = dict.fromkeys(APPLIES, N_("deliveries.points.tiers", "Tiers of members"))
