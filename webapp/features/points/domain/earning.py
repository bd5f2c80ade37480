"""How many points an order is worth, and from when until when they can be spent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

ONLY_PENDING, WITHIN_BALANCE, UNLIMITED = "only_pending", "within_balance", "unlimited"
ONE = Decimal(1)


def points_for(basis_minor: int, exponent: int, rate: Decimal = ONE) -> int:
    """Points for `basis_minor` in a currency with `exponent` decimals at `rate` points for a whole
    unit, rounded down once, at the end.

    12.99 EUR (1299, exponent 2) at 1 gives 12; 1999 JPY (exponent 0) at 0.0061 gives 12.
    """
    worth = Decimal(basis_minor).scaleb(-exponent) * rate
    return int(worth.to_integral_value(ROUND_FLOOR))


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a merchant's rules; see `models.rules.PointsRule`. `rates` has the points for
    a whole unit of a store's currency, by store id."""

    version: int
    valid_from: datetime | None
    hold_days: int
    return_policy: str
    expiry_days: int | None
    imports_expire_from: str
    signup_points: int
    birthday_points: int
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def rate(self, store_id: str) -> Decimal:
        """Points for a whole unit of the store's currency."""
        return self.rates.get(store_id, ONE)

    def available_at(self, earned_at: datetime, zone: ZoneInfo) -> datetime:
        """When points that were earned then can be spent: so many calendar days later."""
        if not self.hold_days:
            return earned_at
        return earned_at.astimezone(zone) + timedelta(days=self.hold_days)

    def expires_at(self, earned_at: datetime, zone: ZoneInfo) -> datetime | None:
        """The first moment at which points that were earned then cannot be spent any more: they
        last to the end of the day, in the store's zone, that is so many days later."""
        if self.expiry_days is None:
            return None
        last_day = earned_at.astimezone(zone).date() + timedelta(days=self.expiry_days)
        return datetime.combine(last_day + timedelta(days=1), time(), zone)


# What counts for a merchant who has changed nothing; it is not stored.
FIRST_RULE = Rule(
    version=1,
    valid_from=None,
    hold_days=0,
    return_policy=WITHIN_BALANCE,
    expiry_days=None,
    imports_expire_from="import",
    signup_points=0,
    birthday_points=0,
)


def whole_terms(rate: Decimal) -> tuple[int, int]:
    """(units, points): a rate as whole points for the smallest power of ten of whole units: 1.25
    is 125 points for 100 units, 0.0061 is 61 points for 10,000."""
    decimals = max(0, -int(rate.normalize().as_tuple().exponent))
    return 10**decimals, int(rate.scaleb(decimals))
