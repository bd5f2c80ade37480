"""Points under fire: workers killed, Valkey emptied, PostgreSQL stopped, in the middle of 2,000
events of a shop, which come twice and in any order. Afterwards nothing is lost and nothing counted
twice, and the shop shows what the ledger says.
"""

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

import pytest
from redis import Redis

from tests.door import Door
from tests.factories import make_tenant
from tests.jobs.bench import TOKEN, ConnectedShop, Standin
from tests.jobs.processes import Site, eventually
from webapp.app import create_app
from webapp.core import deliveries
from webapp.demo.standins.shopify import ShopifyAdmin, sales
from webapp.demo.standins.shopify.state import Line
from webapp.features.points.queries.checks import unbalanced

SEED = 4_711
ORDERS, REFUNDS, CANCELLED, AGAIN = 1_120, 420, 110, 350
CUSTOMERS = 80
# How many are told before what strikes.
STRIKES: Mapping[int, str] = {
    250: "workers",
    600: "valkey",
    900: "workers",
    1_200: "postgres",
    1_500: "valkey",
    1_750: "everything",
}
SECONDS = 120.0


@dataclass(frozen=True)
class Event:
    """One thing that happened in the shop; told again it has the same `body`."""

    topic: str
    body: bytes


@dataclass
class History:
    """What happens in a shop, and the points that should be left of it, by order."""

    admin: ShopifyAdmin
    shop: str
    rng: random.Random
    events: list[Event] = field(default_factory=list)
    buyers: dict[int, int] = field(default_factory=dict)

    def make(self) -> list[Event]:
        """All events, some refunds and cancellations before their orders, some of them twice."""
        state = self.admin.states[self.shop]
        state._tell = self.tell
        placed = [self.buy() for _ in range(ORDERS)]
        for number in self.rng.choices(placed, k=REFUNDS):
            self.give_back(number)
        for number in self.rng.sample(placed, CANCELLED):
            sales.cancel(state, number)
        again = self.rng.sample(self.events, AGAIN)
        known = len(self.events)
        order = [place + self.rng.uniform(-400, 400) for place in range(known)]
        order += [self.rng.uniform(0, known) for _ in again]
        mixed = sorted(zip(order, [*self.events, *again], strict=True), key=lambda one: one[0])
        return [event for _, event in mixed]

    def buy(self) -> int:
        customer = self.rng.randrange(1, CUSTOMERS + 1)
        lines = [
            Line("Pot", self.rng.randrange(1, 4), Decimal(self.rng.randrange(199, 9_999)) / 100)
            for _ in range(self.rng.randrange(1, 3))
        ]
        number = sales.place(self.admin.states[self.shop], customer, lines).number
        self.buyers[number] = customer
        return number

    def give_back(self, number: int) -> None:
        """A piece, or nothing where all have come back already."""
        state = self.admin.states[self.shop]
        if any(state.orders[number].left(n + 1) for n in range(len(state.orders[number].lines))):
            sales.refund_piece(state, number)

    def tell(self, _: object, topic: str, payload: Mapping[str, object]) -> None:
        if topic in ("orders/paid", "refunds/create", "orders/cancelled"):
            self.events.append(Event(topic, json.dumps(payload).encode()))

    def expected(self) -> dict[int, int]:
        """Points by customer: a whole one for a whole unit of the goods, and of what came back the
        same share, rounded down in all of an order's refunds together."""
        found: defaultdict[int, int] = defaultdict(int)
        for number, order in self.admin.states[self.shop].orders.items():
            earned = int(order.subtotal)
            back = min(order.refunded, order.subtotal)
            taken = earned if order.cancelled_at else int(earned * back / order.subtotal)
            found[self.buyers[number]] += earned - taken
        return dict(found)


def strike(site: Site, what: str) -> None:
    """What dies, or is emptied, while everything else goes on."""
    if what in ("workers", "everything"):
        site.kill_all_workers()
    if what == "everything":
        site.kill_the_sender()
    if what in ("postgres", "everything"):
        site.stop_postgres_at_once()
    if what in ("valkey", "everything"):
        with Redis.from_url(site.environment["REDIS_URL"]) as valkey:
            eventually(valkey.flushall)


def tell(door: Door, event: Event, delivery: str) -> int:
    """Tell until it is taken, as Shopify does; how often it was refused."""
    deadline = time.monotonic() + SECONDS
    for refused in count():
        answer = door.webhook(event.body, event.topic, delivery)
        if answer.status_code == 200:
            return refused
        assert answer.status_code == 503
        assert time.monotonic() < deadline
        time.sleep(0.05)
    raise AssertionError


def at_rest(site: Site) -> bool:
    """Whether nothing is open that is due, neither work nor a push."""
    with site.parts.database.transaction(site.tenant.merchant_id, readonly=True) as ctx:
        return deliveries.pending(ctx.db, ctx.merchant_id) == 0


@pytest.mark.full
def test_nothing_is_lost_and_nothing_counts_twice(site: Site, standin: Standin) -> None:
    tenant = make_tenant(site.parts.database, access_token=TOKEN)
    admin, url = standin(tenant)
    site = replace(
        site,
        tenant=tenant,
        environment={**site.environment, "LOYALNEST_SHOPIFY_ADMIN_URL": url},
    )
    rng = random.Random(SEED)  # noqa: S311 - the same events every time.
    history = History(admin, tenant.shop, rng)
    events = history.make()
    door = Door(site.parts, create_app(site.parts).test_client(), tenant)
    site.start()
    began, refused = time.monotonic(), 0
    for number, event in enumerate(events):
        if number in STRIKES:
            strike(site, STRIKES[number])
        refused += tell(door, event, f"delivery-{number}")
    told = time.monotonic() - began
    eventually(lambda: at_rest(site), SECONDS)
    drained = time.monotonic() - began - told
    shop = ConnectedShop(site.parts, tenant, site.folder, admin)
    balances = shop.balances()
    assert {int(c): p for c, p in balances.items()} == history.expected()
    check_ledger(shop, history)
    shown = {customer: shop.shown(customer) for customer in balances}
    right = sum(shown[customer] == str(points) for customer, points in balances.items())
    kinds = Counter(event.topic for event in events)
    print(f"\n{len(events)} events told in {told:.0f} s, {refused} times refused; {dict(kinds)}")
    print(f"drained {drained:.1f} s after the last; {right} of {len(balances)} cards shown right")
    assert right == len(balances)


def check_ledger(shop: ConnectedShop, history: History) -> None:
    """Every account agrees with every other, and no event has two entries."""
    with shop.parts.database.transaction(shop.tenant.merchant_id, readonly=True) as ctx:
        assert list(unbalanced(ctx, 10)) == []
    earned = Counter(row[0] for row in shop.ask(_EARNED))
    assert set(earned.values()) == {1}
    # One that was cancelled before it was told as paid has earned nothing that could be taken.
    missing = [
        order
        for order in history.admin.states[shop.tenant.shop].orders.values()
        if str(order.number) not in earned
    ]
    assert all(order.cancelled_at for order in missing)
    assert shop.count("points_deficits where points > 0") == 0
    assert shop.count("deliveries where dead_at is not null") == 0


_EARNED = """
    select o.external_id from points_transactions t join orders o using (merchant_id, order_id)
    where t.type = 'earn'
"""
