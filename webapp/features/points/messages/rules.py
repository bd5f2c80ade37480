"""Earning rules as a merchant writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class NewRules:
    """A new version of the rules; the fields are those of `models.rules.PointsRule`. `rates` has
    the points for a whole unit of a store's currency by store id, at most six decimals; a store
    without one earns one. Without `valid_from` they are in force at once."""

    hold_days: int
    return_policy: str
    expiry_days: int | None
    imports_expire_from: str
    signup_points: int
    birthday_points: int
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    valid_from: datetime | None = None
