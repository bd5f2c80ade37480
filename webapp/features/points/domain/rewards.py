"""What a reward gives at a store, and the code that carries it there."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

# Without vowels there are no words, and without the rest nothing that looks like another.
ALPHABET = "CDFGHJKMNPQRTVWXY34679"
GROUP = 4
# How long after its end a code counts as unused: orders are told late.
GRACE = timedelta(days=1)
# How long before its end a member is reminded of a code.
REMINDED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Terms:
    """A reward as it is at one store: what is taken off (`amount_minor` of `currency`, or
    `percent`), or the `product` that is free, or the shipping; and the goods that must be in the
    cart, in minor units. `returns` says whether the points of an unused code come back."""

    kind: str
    currency: str
    returns: bool
    amount_minor: int | None = None
    percent: int | None = None
    product: str | None = None
    minimum_minor: int | None = None


def new_code() -> str:
    """A code that nobody guesses (35 bits, and it is bound to its customer), e.g. LN-7KQ4-XW9F."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(2))
    return "-".join(("LN", *groups))


def offered(
    store_id: str,
    currency: str,
    kind: str,
    amounts: Mapping[str, int],
    minimums: Mapping[str, int],
    stores: Sequence[str] | None,
) -> bool:
    """Whether a reward can be had at a store: it names the store or all, what it takes off has an
    amount in the store's currency, and so has a minimum order, where there is one elsewhere."""
    named = stores is None or store_id in stores
    valued = kind != "amount_off" or currency in amounts
    return named and valued and (not minimums or currency in minimums)


def missing(cost: int, spendable: int) -> int:
    """Points that a member still needs."""
    return max(0, cost - spendable)
