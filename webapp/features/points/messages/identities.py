"""What stores share, who would become one member, and what members say to it."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from webapp.core.messages import Id


@dataclass(frozen=True, slots=True)
class Sharing:
    """`program_settings.multi_store_config`: `shared_stores` are the shop domains of the stores
    whose customers are one member when they are one person; `shared_leaderboard` is whether these
    stores have one leaderboard; with `ask_members` nobody is linked before they have said yes."""

    shared_stores: tuple[str, ...] = ()
    shared_leaderboard: bool = False
    ask_members: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One member as a preview shows them; `points` can be spent now."""

    member: str
    points: int
    tier: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two members who would become one, recognised by `reason` (email or phone)."""

    kept: Side
    lost: Side
    reason: str

    @property
    def points(self) -> int:
        """Both balances together."""
        return self.kept.points + self.lost.points

    @property
    def conflict(self) -> bool:
        """Whether they are in different tiers."""
        return self.kept.tier != self.lost.tier


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would become one member. `merges` counts the merges and `members` who would be in them,
    `points` what they can spend together, `conflicts` those between different tiers. `unasked`
    counts pairs that would wait for the member's answer, `refused` those of somebody who said no or
    whom a person parted. `more` says that only the first were looked at. `sample` are a few."""

    merges: int = 0
    members: int = 0
    points: int = 0
    conflicts: int = 0
    unasked: int = 0
    refused: int = 0
    more: bool = False
    sample: tuple[Pair, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SetLinking:
    """What a member says to being one member over all stores, asked at one of them."""

    customer_id: Id
    store_id: Id
    external_id: Id
    allow: Literal["yes", "no"]


@dataclass(frozen=True, slots=True)
class LinkingSet:
    """What the member has said."""

    allow: bool


@dataclass(frozen=True, slots=True)
class SetBirthday:
    """The day and month of a member's birthday; the year is nobody's business."""

    customer_id: Id
    store_id: Id
    external_id: Id
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]


@dataclass(frozen=True, slots=True)
class BirthdaySet:
    """What is kept."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class AdjustPoints:
    """A correction by hand: `points` are given, or taken where they are below zero."""

    customer_id: str
    store_id: str
    points: int
    reason: str
    key: str
