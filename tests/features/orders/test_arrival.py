"""Orders, refunds and cancellations end alike in whatever order, and however often, they arrive."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.door import Door, order
from tests.factories import make_tenant
from tests.features.orders.test_basis import back, line, refund

TAKERS = (
    "orders.take_paid_orders",
    "orders.take_changed_orders",
    "orders.take_cancelled_orders",
    "orders.take_refunds",
)
LATER = ("points.award_orders", "rfm.absorb_and_score")
Told = tuple[str, dict[str, Any]]


def sold(number: int, price: str = "50.00", at: str = "06:59:30", **more: Any) -> dict[str, Any]:
    """An order of one thing, in prices that hold the tax of a fifth."""
    tax = f"{float(price) / 6:.2f}"
    return order(
        number,
        7,
        price,
        **{
            "updated_at": f"2026-03-14T{at}-05:00",
            "financial_status": "paid",
            "taxes_included": True,
            "line_items": [line(price, tax=tax)],
            **more,
        },
    )


def returned(number: int, of: int, price: str) -> dict[str, Any]:
    """A refund of goods in prices that hold the tax."""
    given_back = back(price, f"{float(price) / 6:.2f}")
    at = "2026-03-14T06:59:40-05:00"
    return refund(given_back, paid_out=price, id=number, order_id=of, processed_at=at)


def tell(door: Door, events: Sequence[Told]) -> None:
    """Tell each under a delivery id of its own, and let everything follow."""
    start = door.count("inbound_events")
    for number, (topic, payload) in enumerate(events, start):
        assert door.webhook(payload, topic, f"d-{number}").status_code == 200
    door.drain(*TAKERS, *LATER)


def state(door: Door) -> dict[str, Any]:
    """What is known in the end."""
    merchant = door.tenant.merchant_id
    orders = """
        select external_id, amount_minor, basis_minor, taxes_included, cancelled_at, updated_at
        from orders where merchant_id = :m order by 1
    """
    refunds = """
        select external_id, order_key, amount_minor, basis_minor, tax_minor, customer_id is not null
        from refunds where merchant_id = :m order by 1
    """
    facts = "select orders, net_minor from customer_stats where merchant_id = :m"
    points = "select points, pending from customer_cards where merchant_id = :m"
    asked = {"orders": orders, "refunds": refunds, "facts": facts, "points": points}
    return {name: [tuple(row) for row in door.ask(sql, m=merchant)] for name, sql in asked.items()}


def topics(door: Door) -> list[str]:
    sql = "select topic from outbox where topic like 'orders.%' order by message_id"
    return [row[0] for row in door.ask(sql)]


HISTORY: list[Told] = [
    ("orders/paid", sold(1, "60.00")),
    ("orders/updated", sold(1, "60.00", at="06:59:35")),
    ("orders/updated", sold(1, "60.00", at="06:59:45", financial_status="partially_refunded")),
    ("refunds/create", returned(901, 1, "30.00")),
    ("refunds/create", returned(902, 1, "12.00")),
    ("orders/paid", sold(2, "24.00")),
    ("orders/cancelled", sold(2, "24.00", at="06:59:50", cancelled_at="2026-03-14T11:59:50Z")),
    ("orders/updated", sold(3, "12.00")),
    ("orders/updated", sold(4, "36.00", financial_status="pending")),
]


ARRIVAL = (
    st.permutations([*HISTORY, HISTORY[0], HISTORY[3]]),
    st.lists(st.booleans(), min_size=11, max_size=11),
)
QUIETLY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=2, **QUIETLY)
@given(*ARRIVAL)
def test_any_order_of_arrival_ends_alike(
    door: Door, events: list[Told], drains: list[bool]
) -> None:
    ends_alike(door, events, drains)


@pytest.mark.full
@settings(max_examples=60, **QUIETLY)
@given(*ARRIVAL)
def test_many_orders_of_arrival_end_alike(
    door: Door, events: list[Told], drains: list[bool]
) -> None:
    ends_alike(door, events, drains)


def ends_alike(door: Door, events: list[Told], drains: list[bool]) -> None:
    here = Door(door.parts, door.web, make_tenant(door.parts.database))
    for number, (event, drained) in enumerate(zip(events, drains, strict=True)):
        assert here.webhook(event[1], event[0], f"d-{number}").status_code == 200
        if drained:
            here.drain(*TAKERS, *(LATER if number % 2 else ()))
    here.drain(*TAKERS, *LATER)
    found = state(here)
    assert [row[:4] for row in found["orders"]] == [
        ("1", 6_000, 5_000, True),
        ("2", 2_400, 2_000, True),
        ("3", 1_200, 1_000, True),
    ]
    assert [row[4] is not None for row in found["orders"]] == [False, True, False]
    assert [str(row[5].time()) for row in found["orders"]] == ["11:59:45", "11:59:50", "11:59:30"]
    assert found["refunds"] == [
        ("901", "1", 3_000, 2_500, None, True),
        ("902", "1", 1_200, 1_000, None, True),
    ]
    # 60.00 and 12.00 were bought and 42.00 given back; 50 + 10 points earned, 35 taken back.
    assert (found["facts"], found["points"]) == ([(2, 3_000)], [(25, 0)])


def test_a_refund_before_its_order_waits_for_what_only_the_order_knows(door: Door) -> None:
    tell(door, [("refunds/create", returned(901, 1, "30.00"))])
    assert state(door)["refunds"] == [("901", "1", 3_000, 3_000, 500, False)]
    tell(door, [("orders/paid", sold(1, "60.00"))])
    assert state(door)["refunds"] == [("901", "1", 3_000, 2_500, None, True)]
    assert state(door)["points"] == [(25, 0)]


def test_an_order_that_was_cancelled_first_is_never_announced(door: Door) -> None:
    cancelled = sold(1, at="06:59:50", cancelled_at="2026-03-14T11:59:50Z")
    tell(door, [("orders/cancelled", cancelled)])
    tell(door, [("orders/paid", sold(1))])
    assert topics(door) == []
    found = state(door)
    assert (found["facts"], [row[4] is not None for row in found["orders"]]) == ([], [True])
    assert door.count("points_transactions") == 0


def test_a_cancellation_takes_the_order_out_of_points_and_facts(door: Door) -> None:
    tell(door, [("orders/paid", sold(1)), ("orders/paid", sold(2, "12.00"))])
    assert (state(door)["points"], state(door)["facts"]) == ([(51, 0)], [(2, 6_200)])
    cancelled = sold(1, at="06:59:50", cancelled_at="2026-03-14T11:59:50Z")
    # Money that goes back with it counts once.
    tell(door, [("orders/cancelled", cancelled), ("refunds/create", returned(901, 1, "50.00"))])
    assert (state(door)["points"], state(door)["facts"]) == ([(10, 0)], [(1, 1_200)])
    assert topics(door).count("orders.cancelled") == 1
    tell(door, [("orders/updated", {**cancelled, "updated_at": "2026-03-14T07:30:00-05:00"})])
    assert topics(door).count("orders.cancelled") == 1


def test_who_is_left_without_an_order_has_no_facts(door: Door) -> None:
    tell(door, [("orders/paid", sold(1))])
    voided = sold(1, at="06:59:50", financial_status="voided")
    tell(door, [("orders/updated", voided)])
    assert (state(door)["facts"], state(door)["points"]) == ([], [(0, 0)])


def test_a_refund_that_no_webhook_told_comes_with_the_next_word_of_its_order(door: Door) -> None:
    tell(door, [("orders/paid", sold(1, "60.00"))])
    later = sold(1, "60.00", at="06:59:45", refunds=[returned(901, 1, "30.00")])
    tell(door, [("orders/updated", later)])
    assert [row[0] for row in state(door)["refunds"]] == ["901"]
    tell(door, [("refunds/create", returned(901, 1, "30.00"))])
    assert topics(door).count("orders.refunded") == 1
    assert state(door)["points"] == [(25, 0)]


def test_a_gift_card_brings_nothing(door: Door) -> None:
    card = sold(1, line_items=[line("50.00", gift_card=True)])
    tell(door, [("orders/paid", card)])
    assert (state(door)["orders"][0][2], state(door)["points"]) == (0, [(0, 0)])
    assert door.count("points_transactions") == 0


@pytest.mark.parametrize(
    ("currency", "total", "points"), [("JPY", "1999", 1999), ("KWD", "19.999", 19)]
)
def test_points_are_counted_in_whole_units(
    door: Door, currency: str, total: str, points: int
) -> None:
    tenant = make_tenant(door.parts.database, currency=currency)
    here = Door(door.parts, door.web, tenant)
    money = {"shop_money": {"amount": total, "currency_code": currency}}
    paid = order(
        1,
        7,
        total,
        total_price_set=money,
        line_items=[line(total, currency=currency)],
        financial_status="paid",
    )
    tell(here, [("orders/paid", paid)])
    assert state(here)["points"] == [(points, 0)]


def test_a_refund_of_an_order_that_counted_by_its_total_counts_by_its_amount(door: Door) -> None:
    tell(door, [("orders/paid", order(1, 7, "60.00"))])
    tell(door, [("refunds/create", returned(901, 1, "30.00"))])
    assert state(door)["refunds"] == [("901", "1", 3_000, None, None, True)]
    assert state(door)["points"] == [(30, 0)]


def test_used_codes_are_kept_with_the_order(door: Door) -> None:
    codes = [{"code": "LN-ABC", "amount": "5.00", "type": "fixed_amount"}]
    tell(door, [("orders/paid", sold(1, discount_codes=codes)), ("orders/paid", sold(2))])
    sql = "select discount_codes from orders order by external_id"
    assert [row[0] for row in door.ask(sql)] == [["LN-ABC"], None]


def test_a_refund_that_cannot_be_read_stops_no_other(door: Door) -> None:
    tell(door, [("orders/paid", sold(1))])
    broken = {**returned(902, 1, "1.00"), "order_id": None}
    tell(door, [("refunds/create", broken), ("refunds/create", returned(901, 1, "12.00"))])
    assert [row[0] for row in state(door)["refunds"]] == ["901"]
    sql = "select attempts, reason from deliveries where handler = 'orders.take_refunds'"
    ((attempts, reason),) = door.ask(sql)
    assert (attempts, reason.partition(":")[0]) == (1, "RefusedLineError")
