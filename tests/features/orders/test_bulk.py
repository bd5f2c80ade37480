"""A shop's whole past comes from the file of a bulk operation, part by part, whatever is killed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from jobs import sending
from jobs.drain import drain_for
from tests.entry.shopify_admin import SCOPES, ShopifyShop, shopify_shop
from tests.factories import FixedClock
from webapp.core import discovery
from webapp.demo.standins.shopify import bulk, orders
from webapp.demo.standins.shopify.state import Bulk, Line
from webapp.features.orders import jobs, service
from webapp.features.orders.messages import BulkTurn
from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.shopify_bulk import BulkOperation
from webapp.gateways.shopify_history import begin_history, read_part
from webapp.parts import Parts

BULK = "orders.send.orders.bulk_due"
IMPORT = "select state, percent, read, taken from imports order by started_at desc limit 1"
ORDERS = 40


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, tmp_path: Path) -> Iterator[ShopifyShop]:
    """A shop that lets us read all of its past: 40 orders, one of a gift card and another thing,
    one given back in part, one cancelled, one a test."""
    with shopify_shop(committed, clock, tmp_path) as started:
        started.state.change(scopes=SCOPES | {"read_all_orders"})
        for number in range(ORDERS):
            at = clock.at - timedelta(days=400, minutes=number)
            lines = [Line("Pot", 2, Decimal("5.00"), product=3)]
            if number == 1:
                lines.append(Line("Gift card", 1, Decimal(50), gift_card=True))
            made = orders.place(started.state, 7 + number % 2, lines, created_at=at)
            if number == 2:
                orders.refund(started.state, made.number, Decimal(4))
            if number == 3:
                orders.cancel(started.state, made.number)
        started.install()
        yield started


def ask(shop: ShopifyShop) -> None:
    store = shop.address()
    with shop.parts.database.transaction(store.merchant_id) as ctx:
        service.ask_history(ctx, store.store_id)
    shop.clock.advance(seconds=1)


def hurry(shop: ShopifyShop) -> int:
    """Let no step wait; how many there are."""
    sql = (
        "update deliveries set due_at = now() - interval '1 second' where handler = :h returning 1"
    )
    with shop.parts.database.transaction(shop.address().merchant_id) as ctx:
        return len(ctx.db.execute(text(sql), {"h": BULK}).all())


def work(shop: ShopifyShop) -> None:
    while hurry(shop):
        drain_for(shop.parts, BULK, 1)


def end(shop: ShopifyShop) -> tuple[Any, ...]:
    """What is there in the end: orders, refunds, and points."""
    while drain_for(shop.parts, "points.award_orders", 1):
        continue
    sums = "select count(*), sum(amount_minor), sum(basis_minor) from orders"
    given_back = "select amount_minor, basis_minor, order_key is not null from refunds"
    points = "select sum(points) from points_transactions"
    return (*shop.rows(sums), *shop.rows(given_back), *shop.rows(points))


# 39 orders of 10.00, one with a gift card of 50.00; 4.00 given back.
WHOLE = ((39, 44_000, 39_000), (400, 400, True), (386,))


def test_the_whole_past_is_counted_as_if_it_had_been_told(shop: ShopifyShop) -> None:
    ask(shop)
    work(shop)
    assert shop.rows(IMPORT) == [("done", 100, 41, 40)]
    assert end(shop) == WHOLE


@dataclass(frozen=True)
class SmallParts:
    """The gateways' caller, which fetches a few lines of a file at once."""

    caller: Caller
    bytes_a_part: int = 5_000

    def part(self, url: str, start: int, length: int) -> tuple[bytes, int]:
        return self.caller.part(url, start, min(length, self.bytes_a_part))


def in_small_parts(shop: ShopifyShop) -> ShopifyShop:
    caller: Any = SmallParts(shop.parts.gateways.caller)
    gateways = replace(shop.parts.gateways, caller=caller)
    return replace(shop, parts=replace(shop.parts, gateways=gateways))


def test_what_is_killed_between_reading_and_writing_loses_and_doubles_nothing(
    shop: ShopifyShop,
) -> None:
    small = in_small_parts(shop)
    merchant_id, work_ = shop.address().merchant_id, discovery.handlers()[BULK]
    ask(small)
    steps, killed = 0, 0
    while hurry(small):
        steps += 1
        if steps % 2 == 0:
            # Read, and gone before a word of it is written: only the lease has been taken.
            _, _, prepared = sending.take_lease(small.parts, BULK, work_, merchant_id)  # type: ignore[arg-type]
            (turn,) = [request for _, request in prepared]
            assert jobs.read_bulk(small.parts.gateways, turn).ok
            killed += 1
            hurry(small)
        sending.send_batch(small.parts, BULK, work_, merchant_id)  # type: ignore[arg-type]
    assert killed > 2
    assert shop.rows(IMPORT) == [("done", 100, 41, 40)]
    assert end(shop) == WHOLE


def test_each_part_says_how_far_it_is(shop: ShopifyShop) -> None:
    small, percents = in_small_parts(shop), []
    ask(small)
    while hurry(small):
        drain_for(small.parts, BULK, 0)
        percents.append(shop.rows(IMPORT)[0][1])
    assert percents == sorted(percents)
    assert len(set(percents)) > 3


def test_live_orders_that_come_meanwhile_count_once(shop: ShopifyShop) -> None:
    ask(shop)
    newest = orders.place(shop.state, 7, [Line("Pot", 1, Decimal(1))])
    assert shop.admin.deliveries.wait(10)
    drain_for(shop.parts, "orders.take_paid_orders", 1)
    work(shop)
    assert end(shop)[0][0] == 40
    keys = [row[0] for row in shop.rows("select external_id from orders")]
    assert keys.count(str(newest.number)) == 1


def test_an_operation_that_fails_ends_the_import_and_says_why(shop: ShopifyShop) -> None:
    shop.state.bulk_error = "INTERNAL_SERVER_ERROR"
    ask(shop)
    work(shop)
    assert shop.rows(IMPORT) == [("failed", 0, 0, 0)]
    reason = "select metadata ->> 'reason' from audit_logs where action = 'orders_import_failed'"
    assert shop.rows(reason) == [("FAILED INTERNAL_SERVER_ERROR",)]


def test_a_shop_that_left_ends_the_import(shop: ShopifyShop) -> None:
    ask(shop)
    shop.uninstall()
    work(shop)
    assert shop.rows(IMPORT) == [("failed", 0, 0, 0)]


def test_an_empty_past_is_an_import_of_nothing(shop: ShopifyShop) -> None:
    shop.state.orders.clear()
    ask(shop)
    work(shop)
    assert shop.rows(IMPORT) == [("done", 100, 0, 0)]


def token(shop: ShopifyShop) -> str:
    return next(iter(shop.state.tokens))


def begin(shop: ShopifyShop) -> BulkOperation:
    domain = shop.state.shop.domain
    return begin_history(shop.parts.gateways.shopify, domain, token(shop), "2006-01-01T00:00:00Z")


def test_an_operation_that_was_begun_and_forgotten_is_found_again(shop: ShopifyShop) -> None:
    assert begin(shop).id == begin(shop).id
    assert len(shop.state.bulks) == 1


def test_a_shop_that_reads_something_else_is_asked_again_later(shop: ShopifyShop) -> None:
    other = Bulk(99, "{ products { edges { node { id } } } }", "RUNNING", shop.clock.at)
    shop.state.bulks[other.number] = other
    shop.state.bulk_polls = 100
    with pytest.raises(GatewayError, match="already in progress") as waiting:
        begin(shop)
    assert (waiting.value.after, waiting.value.final) == (60.0, False)


def test_an_order_whose_lines_do_not_fit_is_no_endless_loop(shop: ShopifyShop) -> None:
    operation = begin(shop)
    shop.state.bulks[int(operation.id.rpartition("/")[2])].status = "COMPLETED"
    url = f"{shop.url}/{shop.state.shop.domain}/bulk/{operation.id.rpartition('/')[2]}.jsonl"
    done = replace(operation, status="COMPLETED", url=url)
    with pytest.raises(GatewayError, match="too long") as refused:
        read_part(shop.parts.gateways.caller, done, 0, 200)
    assert refused.value.final
    nodes, cursor = [], 0
    while True:
        part = read_part(shop.parts.gateways.caller, done, cursor, 2_500)
        nodes += part.nodes
        if part.cursor == part.size:
            break
        assert part.cursor > cursor
        cursor = part.cursor
    # The cancelled order is paid as well; reading its rows leaves it out.
    assert len(nodes) == ORDERS
    assert sum(len(node["lineItems"]) for node in nodes) == ORDERS + 1


def test_a_query_that_shopify_would_refuse_is_refused_here(shop: ShopifyShop) -> None:
    query = """{ orders { edges { node { id refunds { id
        refundLineItems(first: 5) { edges { node { id } } } } } } } }"""
    root: Any = {"orders": lambda _: {"nodes": []}}
    refused = bulk.run(shop.state, {"query": query}, root)
    assert "within a list field" in str(refused["userErrors"])


def test_turns_hide_their_token() -> None:
    turn = BulkTurn("s", "shop", "shpat_secret", "b", "i", "since", 0, "", 0, 0, 0, 0, 0)
    assert "shpat_secret" not in repr(turn)
