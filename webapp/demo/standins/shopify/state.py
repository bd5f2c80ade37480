"""What one shop of the stand-in holds, in memory; only metafields are kept in a file."""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from webapp.core.clock import Clock
from webapp.demo.standins.faults import CostBucket
from webapp.demo.standins.shopify.facts import Shop

# 2026-01-01, in seconds.
_EPOCH = 1_767_225_600
Tell = Callable[["ShopState", str, Mapping[str, object]], None]


@dataclass(slots=True)
class Customer:
    """A customer. The states of consent are Shopify's words (SUBSCRIBED, NOT_SUBSCRIBED, ...)."""

    number: int
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    first_name: str = ""
    last_name: str = ""
    locale: str = "en"
    email_state: str = "NOT_SUBSCRIBED"
    sms_state: str = "NOT_SUBSCRIBED"


@dataclass(frozen=True, slots=True)
class Line:
    """Some of one product; `price` is of one piece."""

    title: str
    quantity: int
    price: Decimal
    variant: int = 0
    product: int = 0


@dataclass(slots=True)
class Refund:
    number: int
    created_at: datetime
    amount: Decimal


@dataclass(slots=True)
class Order:
    """An order; `state` is its displayFinancialStatus."""

    number: int
    name: str
    customer: int | None
    lines: tuple[Line, ...]
    currency: str
    created_at: datetime
    updated_at: datetime
    state: str = "PAID"
    locale: str = "en"
    test: bool = False
    codes: tuple[str, ...] = ()
    cancelled_at: datetime | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """What was paid at first."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds), Decimal(0))


@dataclass(slots=True)
class AppSubscription:
    """A merchant's subscription to the app; `status` is Shopify's word."""

    number: int
    name: str
    status: str
    price: Decimal
    currency: str
    interval: str
    return_url: str
    created_at: datetime
    trial_days: int = 0
    test: bool = False
    period_end: datetime | None = None


@dataclass(slots=True)
class Hook:
    """A webhook subscription; `failures` counts consecutive ones."""

    number: int
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    failures: int = 0


@dataclass(slots=True)
class Bulk:
    """A bulk operation; `polls` is how often it was asked about."""

    number: int
    query: str
    status: str
    created_at: datetime
    polls: int = 0
    lines: tuple[str, ...] = ()
    completed_at: datetime | None = None
    error: str | None = None


@dataclass(slots=True)
class Discount:
    """A discount code; `given` is what the app sent."""

    number: int
    kind: str
    code: str
    given: Mapping[str, object]
    created_at: datetime
    status: str = "ACTIVE"


class ShopState:
    """One shop. Every change happens under `lock`."""

    def __init__(self, shop: Shop, clock: Clock, bucket: CostBucket, tell: Tell) -> None:
        self.shop = shop
        self.clock = clock
        self.bucket = bucket
        self.lock = threading.RLock()
        self.tokens = {shop.access_token} - {""}
        self.refresh_tokens: set[str] = set()
        self.codes: dict[str, tuple[frozenset[str], bool]] = {}
        self.customers: dict[int, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.plans: dict[int, AppSubscription] = {}
        self.hooks: dict[int, Hook] = {}
        self.bulks: dict[int, Bulk] = {}
        self.discounts: dict[int, Discount] = {}
        self.bulk_polls = 1
        self.bulk_error: str | None = None
        self._tell = tell
        # Numbers of orders must not begin anew with the process: LoyalNest has seen them already.
        started = int(clock.wall().timestamp()) - _EPOCH
        self._numbers = itertools.count(max(1001, started))

    def number(self) -> int:
        """A number that nothing else in this shop has."""
        return next(self._numbers)

    def now(self) -> datetime:
        """Business time, which the demo moves."""
        return self.clock.now().replace(microsecond=0)

    def happened(self, topic: str, payload: Mapping[str, object]) -> None:
        """Tell whoever has subscribed to `topic` (`orders/paid`)."""
        self._tell(self, topic, payload)

    def change(self, **facts: object) -> None:
        """Change facts of the shop, e.g. `scopes` or `protected`."""
        with self.lock:
            self.shop = replace(self.shop, **facts)  # type: ignore[arg-type] # Names are checked.
            if facts.get("access_token"):
                self.tokens.add(self.shop.access_token)

    def customer(self, number: int) -> Customer:
        """The customer of that number; every number is one."""
        with self.lock:
            now = self.now()
            return self.customers.setdefault(number, Customer(number, now, now))
