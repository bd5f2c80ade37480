"""What a plan costs and allows: the one list of plans.

Prices are what Shopify bills every thirty days. Nobody's shoppers are cut off at a limit: the Plan
page says that it is passed. A plan without a price needs no subscription.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core.i18n import N_
from webapp.core.words import Money

INTERVAL = "EVERY_30_DAYS"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. `key` is stored and never changes; `stores` and `members` are the most of each,
    None without a limit; `trial_days` are free, once an account; `features` are texts to show."""

    key: str
    name: str
    price: Money
    trial_days: int
    stores: int | None
    members: int | None
    features: tuple[tuple[str, str], ...]


WIDGETS = N_("plans.widgets", "Storefront widgets in 22 languages")
IMPORTS = N_("plans.imports", "Imports of past orders")
SHARING = N_("plans.sharing", "One balance across all stores")
MESSAGES = N_("plans.messages", "Messages through Klaviyo and Postscript")
PROGRAMS = N_("plans.programs", "Service keys for your own programs")

_ALL = (
    Plan("free", "Free", Money(0, "USD"), 0, 1, 500, (WIDGETS, IMPORTS)),
    Plan(
        "growth",
        "Growth",
        Money(4_900, "USD"),
        14,
        3,
        10_000,
        (WIDGETS, IMPORTS, SHARING, MESSAGES),
    ),
    Plan(
        "plus",
        "Plus",
        Money(29_900, "USD"),
        14,
        None,
        None,
        (WIDGETS, IMPORTS, SHARING, MESSAGES, PROGRAMS),
    ),
)
PLANS: Mapping[str, Plan] = {plan.key: plan for plan in _ALL}
FREE = PLANS["free"]
# Shopify's word for the state of a subscription -> ours.
STATES = {
    "PENDING": "pending",
    "ACTIVE": "active",
    "FROZEN": "frozen",
    "DECLINED": "declined",
    "EXPIRED": "expired",
    "CANCELLED": "cancelled",
}
# From these there is no way back; a word that arrives late changes nothing.
ENDED = frozenset({"declined", "expired", "cancelled", "failed"})
PAID = frozenset({"active", "frozen"})
