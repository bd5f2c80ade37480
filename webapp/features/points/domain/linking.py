"""Which merges a set of wishes comes to: pure, so that a preview and the merge itself agree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Homes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """Two homes whose members should be one; `kept` is on the side of who remains."""

    kept: str
    lost: str
    reason: str
    change_id: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A merge that came of a wish: `homes` of the member `lost` join those that `stayed`."""

    kept: str
    lost: str
    homes: Homes
    stayed: Homes
    wish: Wish


@dataclass(frozen=True, slots=True)
class Apart:
    """Two sides that a person has parted."""

    one: frozenset[str]
    other: frozenset[str]

    def forbids(self, homes: Iterable[str], others: Iterable[str]) -> bool:
        """Whether making one member of these two sets of homes would undo the parting."""
        here, there = frozenset(homes), frozenset(others)
        return bool(
            (self.one & here and self.other & there) or (self.other & here and self.one & there)
        )


def join(
    member_of: Mapping[str, str],
    homes_of: Mapping[str, Homes],
    wishes: Sequence[Wish],
    apart: Sequence[Apart] = (),
) -> list[Joined]:
    """The merges of `wishes` in their order, each seeing those before it. Left out is what is one
    member by then, and what would bring together two sides that are kept `apart`.

    `member_of` has the member of every home that a wish names, `homes_of` the homes of each.
    """
    top, homes = dict(member_of), dict(homes_of)
    done = []
    for wish in wishes:
        kept, lost = ending(top, wish.kept), ending(top, wish.lost)
        if kept == lost or any(a.forbids(homes[kept], homes[lost]) for a in apart):
            continue
        done.append(Joined(kept, lost, homes[lost], homes[kept], wish))
        top[lost] = kept
        homes[kept] = tuple(sorted((*homes[kept], *homes.pop(lost))))
    return done


def ending(top: Mapping[str, str], home: str) -> str:
    """Where the path of a home ends: its member."""
    while top.get(home, home) != home:
        home = top[home]
    return home
