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
    email_level: str = "SINGLE_OPT_IN"
    sms_level: str = "SINGLE_OPT_IN"
    verified_email: bool = True
    state: str = "ENABLED"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Some of one product; `price` is of one piece. `discount` and `tax` are of all pieces; what
    discount codes take comes by `allocations` (place of the code -> amount)."""

    title: str
    quantity: int
    price: Decimal
    variant: int = 0
    product: int = 0
    gift_card: bool = False
    tax: Decimal = Decimal(0)
    allocations: tuple[tuple[int, Decimal], ...] = ()

    @property
    def discount(self) -> Decimal:
        return sum((amount for _, amount in self.allocations), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What is asked for all pieces; it holds the tax where the order's taxes are included."""
        return self.price * self.quantity - self.discount


@dataclass(frozen=True, slots=True)
class Code:
    """A discount code of an order. `kind` is fixed_amount, percentage or shipping, `value` what it
    was made with, `amount` what it took."""

    code: str
    amount: Decimal
    kind: str
    value: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Pieces that came back; `subtotal` holds `tax` where the order's taxes are included."""

    place: int
    quantity: int
    subtotal: Decimal
    tax: Decimal


@dataclass(slots=True)
class Refund:
    """`amount` is what the customer gets; without `lines` it is an amount only."""

    number: int
    created_at: datetime
    amount: Decimal
    lines: tuple[RefundLine, ...] = ()
    restock: str = "return"


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
    codes: tuple[Code, ...] = ()
    shipping: Decimal = Decimal(0)
    taxes_included: bool = False
    source: str = "web"
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def subtotal(self) -> Decimal:
        """The goods after discounts, without shipping; with tax only where taxes are included."""
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), Decimal(0))

    @property
    def discounts(self) -> Decimal:
        return sum((code.amount for code in self.codes), Decimal(0))

    @property
    def shipping_discount(self) -> Decimal:
        """What the codes took off the shipping."""
        return sum((c.amount for c in self.codes if c.kind == "shipping"), Decimal(0))

    @property
    def total(self) -> Decimal:
        """What was paid at first."""
        tax = Decimal(0) if self.taxes_included else self.tax
        return self.subtotal + tax + self.shipping - self.shipping_discount

    @property
    def refunded(self) -> Decimal:
        return sum((refund.amount for refund in self.refunds), Decimal(0))

    @property
    def refunded_goods(self) -> Decimal:
        """What came back of `subtotal`."""
        return sum((line.subtotal for r in self.refunds for line in r.lines), Decimal(0))

    def left(self, place: int) -> int:
        """How many pieces of a line have not come back; places count from 1."""
        back = sum(one.quantity for r in self.refunds for one in r.lines if one.place == place)
        return self.lines[place - 1].quantity - back


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
    """A discount code; `given` is what the app sent, `users` who used it (0: a guest)."""

    number: int
    kind: str
    code: str
    given: Mapping[str, object]
    created_at: datetime
    status: str = "ACTIVE"
    users: list[int] = field(default_factory=list)


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
        # Customers that are no more, and whether errors of metafields say which one they are about.
        self.gone: set[int] = set()
        self.names_refused = True
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
