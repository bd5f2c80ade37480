"""What has to be done so that a shop tells us what we want to know."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# These three cannot be subscribed to in a shop: they stand in shopify.app.toml for all of them.
COMPLIANCE = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
# Shopify tries a delivery for four hours before it gives up, so what was given up before the last
# event we saw is at most that much older. Source: shopify.dev, "Updates to webhook retries", 2024.
RETRIES_LAST = timedelta(hours=4)

# A shop that nobody has looked after for longer had uninstalled us: its orders of that time are
# history, for an import.
LONGEST_GAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Repair:
    """Topics to ask for, and of them those whose subscription tells an old address, by its id."""

    topics: tuple[str, ...]
    moved: Mapping[str, str]


def wanted(received: Collection[str]) -> tuple[str, ...]:
    """Which of the topics that somebody receives a shop has to be asked for."""
    return tuple(topic for topic in sorted(received) if topic not in COMPLIANCE)


def repair(found: Mapping[str, Sequence[tuple[str, str]]], uri: str) -> Repair:
    """What is missing, given the (id, address) of every subscription of each wanted topic."""
    missing = tuple(t for t, there in found.items() if uri not in [u for _, u in there])
    return Repair(missing, {t: found[t][0][0] for t in missing if found[t]})


def missed_since(
    last_seen: datetime | None, subscribed_at: datetime, checked_at: datetime, wall: datetime
) -> datetime | None:
    """From when on events may be missing, when a subscription is gone that was there at
    `checked_at`; None when that is so long ago that the shop has been without us."""
    if wall - checked_at > LONGEST_GAP:
        return None
    return (last_seen or subscribed_at) - RETRIES_LAST
