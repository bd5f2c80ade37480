"""What points does later about who is who: recognise people, follow merges, give bonuses."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby

from webapp.core.context import Context
from webapp.core.contract import Applies
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points.service import bonuses, matching, sharing


def recognise(ctx: Context, messages: Sequence[Message]) -> None:
    """Customers of whom something new is known: who they are elsewhere, and the bonus of those who
    have just joined, which nobody gets twice."""
    for store_id, customers in by_store(messages, "customers").items():
        matching.follow_shop_merges(ctx, store_id, customers)
        matching.match(ctx, store_id, customers)
    for store_id, customers in by_store(messages, "joined").items():
        bonuses.grant_signups(ctx, store_id, customers)


def by_store(messages: Sequence[Message], field: str) -> Mapping[str, Sequence[str]]:
    """The customers that messages name in that field, each once, by store."""
    stores: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for message in messages:
        named = dict.fromkeys(message.payload.get(field, ()))
        if named:
            stores[message.payload["store_id"]].update(named)
    return {store_id: list(customers) for store_id, customers in stores.items()}


def follow_shop_merges(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        payload = message.payload
        matching.take_shop_merge(ctx, payload["store_id"], payload["lost"], payload["kept"])


def forget_people(ctx: Context, messages: Sequence[Message]) -> None:
    for store_id, customers in by_store(messages, "customers").items():
        bonuses.forget_birthdays(ctx, store_id, customers)


def settle_bonuses(ctx: Context, messages: Sequence[Message]) -> None:
    """Take back what merged members have twice, and give it back to those who were parted: in the
    order of what happened, and at once for all of a kind in a row."""
    for topic, told in groupby(messages, key=lambda message: message.topic):
        payloads = [message.payload for message in told]
        members = {home for said in payloads for home in (said["member"], *said["homes"])}
        if topic == "members.merged":
            bonuses.take_back_doubles(ctx, members)
        else:
            bonuses.give_back_parted(ctx, members, payloads[-1]["link_id"])


def link_widened(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        payload = message.payload
        sharing.work_widened(ctx, payload["store_id"], payload["after"], payload["change_id"])


def part_narrowed(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        payload = message.payload
        sharing.work_narrowed(ctx, payload.get("store_id"), payload.get("change_id"))


def rematch_parted(ctx: Context, messages: Sequence[Message]) -> None:
    """Who was one person only through somebody who has left may be recognised without them."""
    for message in messages:
        matching.match_again(ctx, [message.payload["member"], *message.payload["homes"]])


def grant_birthdays(ctx: Context) -> None:
    bonuses.grant_birthdays(ctx)


def look_again(ctx: Context) -> None:
    sharing.look_again(ctx)


APPLIES: Applies = {
    "customers.told": recognise,
    "customers.merged": follow_shop_merges,
    "customers.redacted": forget_people,
    "customers.deleted": forget_people,
    "members.merged": settle_bonuses,
    "members.parted": (settle_bonuses, rematch_parted),
    "sharing.widened": link_widened,
    "sharing.narrowed": part_narrowed,
}
EVERY = {"hourly": grant_birthdays, "daily": look_again}
LABELS = {
    "customers.told": N_("deliveries.points.recognise", "Members recognised in several stores"),
    "customers.merged": N_("deliveries.points.shop_merges", "Customers that a shop merged"),
    "customers.redacted": N_("deliveries.points.forget", "Birthdays to forget"),
    "customers.deleted": N_("deliveries.points.forget", "Birthdays to forget"),
    "members.merged": N_("deliveries.points.merged", "After members were linked"),
    "members.parted": N_("deliveries.points.parted", "After members were parted"),
    "sharing.widened": N_("deliveries.points.widened", "Members of a store that shares"),
    "sharing.narrowed": N_("deliveries.points.narrowed", "Members to be parted"),
}
