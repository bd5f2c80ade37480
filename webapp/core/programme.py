"""What one feature knows of the programme and others ask at once, through `discovery.programme()`.

Features do not know each other. Whose rule it is gives the answer: the feature that has a
`PROGRAMME` in its `service`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.core.context import Context


@dataclass(frozen=True, slots=True)
class Named:
    """Something that the merchant has named in some languages, by tag."""

    id: str
    names: Mapping[str, str]
    default_locale: str

    def name(self, locale: str) -> str:
        """What it is called in a language, else in the default one."""
        return self.names.get(locale) or self.names[self.default_locale]


@dataclass(frozen=True, slots=True)
class Priced(Named):
    """A reward, and how many points it takes."""

    points: int


class Programme(Protocol):
    """The questions."""

    def tiers(self, ctx: Context) -> Sequence[Named]:
        """All tiers, the lowest first."""

    def rewards(self, ctx: Context, store_id: str) -> Sequence[Priced]:
        """What can be had at a store now, for the fewest points first."""

    def referral_code(self, ctx: Context, member: str) -> str | None:
        """The code by which a member brings friends, made when there is none; None while bringing
        friends is not rewarded."""
