"""points/sync with a backlog: the answer counts what stores have told us and no worker has come to,
and nothing counts twice when the worker comes."""

from typing import Any

import pytest
from sqlalchemy import event, text

from tests.door import Door, order
from webapp.core import deliveries
from webapp.core.errors import AppError
from webapp.features.points import service
from webapp.features.points.messages import SyncPoints

TAKE, REFUNDS = "orders.take_paid_orders", "orders.take_refunds"
CANCELLED, AWARD = "orders.take_cancelled_orders", "points.award_orders"
EVERYTHING = (TAKE, "orders.take_changed_orders", CANCELLED, REFUNDS, AWARD)


def told(door: Door, *payloads: dict[str, Any], topic: str = "orders/paid") -> None:
    start = door.count("inbound_events")
    for number, payload in enumerate(payloads, start):
        assert door.webhook(payload, topic, f"d-{number}").status_code == 200


def sync(door: Door, customer: str = "7") -> int:
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        message = SyncPoints(customer, (door.tenant.shop,))
        return service.sync_points(ctx, message).points_balance


def entries(door: Door) -> list[int]:
    rows = door.ask("select points from points_transactions order by transaction_id")
    return [int(row[0]) for row in rows]


def refund(number: int, of: int, amount: str) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": "USD"}
    transaction = {"kind": "refund", "status": "success", "amount": amount, "currency": "USD"}
    nothing = {"shop_money": {**money, "amount": "0.00"}}
    line = {"quantity": 1, "subtotal_set": {"shop_money": money}, "total_tax_set": nothing}
    return {
        "id": number,
        "order_id": of,
        "created_at": "2026-03-14T07:30:00-05:00",
        "processed_at": "2026-03-14T07:30:00-05:00",
        "refund_line_items": [line],
        "order_adjustments": [],
        "transactions": [{**transaction, "id": number}],
    }


@pytest.fixture
def member(door: Door) -> Door:
    """A shop with a member of 30 points, and nothing that waits."""
    told(door, order(1, 7, "30.50"))
    door.drain(*EVERYTHING)
    return door


def test_an_order_that_waits_is_in_the_answer(member: Door) -> None:
    told(member, order(2, 7, "12.00"), order(3, 8, "99.00"))
    assert sync(member) == 42
    # The order of somebody else waits as before.
    assert entries(member) == [30, 12]
    member.drain(*EVERYTHING)
    assert entries(member) == [30, 12, 99]
    assert sync(member) == 42


def test_an_order_half_way_is_in_the_answer(member: Door) -> None:
    told(member, order(2, 7, "12.00"))
    member.drain(TAKE)
    assert entries(member) == [30]
    assert sync(member) == 42
    member.drain(*EVERYTHING)
    assert entries(member) == [30, 12]


def test_a_refund_that_waits_behind_its_order_is_in_the_answer(member: Door) -> None:
    told(member, refund(9, 2, "12.00"), topic="refunds/create")
    told(member, order(2, 7, "12.00"))
    assert sync(member) == 30
    member.drain(*EVERYTHING)
    assert sum(entries(member)) == 30
    assert sync(member) == 30


def test_a_refund_that_waits_is_in_the_answer(member: Door) -> None:
    told(member, refund(9, 1, "10.00"), topic="refunds/create")
    balance = sync(member)
    assert balance < 30
    before = entries(member)
    member.drain(*EVERYTHING)
    assert (entries(member), sync(member)) == (before, balance)


def test_events_are_applied_once_whoever_comes_first(member: Door) -> None:
    told(member, order(2, 7, "12.00"))
    for _ in range(3):
        sync(member)
    member.drain(*EVERYTHING)
    assert entries(member) == [30, 12]
    assert member.ask("select count(*) from inbound_events where applied_at is null") == [(0,)]
    sql = "select count(*) from deliveries where handler = any(:names)"
    assert member.ask(sql, names=list(EVERYTHING)) == [(0,)]


def test_somebody_whose_first_order_waits_is_known(member: Door) -> None:
    told(member, order(2, 8, "12.00"))
    assert sync(member, "gid://shopify/Customer/8") == 12
    member.drain(*EVERYTHING)
    assert entries(member) == [30, 12]
    with pytest.raises(AppError, match="customer_not_found"):
        sync(member, "9")


def test_a_quiet_day_costs_one_query(member: Door) -> None:
    seen: list[str] = []
    with member.parts.database.transaction(member.tenant.merchant_id) as ctx:

        def note(_connection: object, clause: Any, *_: object) -> None:
            seen.append(clause.text)

        engine = ctx.db.get_bind()
        event.listen(engine, "before_execute", note)
        service.sync_points(ctx, SyncPoints("7", (member.tenant.shop,)))
        event.remove(engine, "before_execute", note)
    assert len([sql for sql in seen if "inbound_events" in sql]) == 1
    assert len(seen) <= 8


def test_what_cannot_be_applied_is_left_to_the_worker(member: Door) -> None:
    told(member, {**order(2, 7, "12.00"), "total_price_set": {"shop_money": {"amount": "x"}}})
    told(member, order(3, 7, "5.00"))
    first = sync(member)
    member.drain(*EVERYTHING)
    assert (first, sync(member)) == (30, 35)


def test_a_lane_that_is_worked_is_waited_for_only_a_moment(committed_door: Door) -> None:
    door = committed_door
    told(door, order(1, 7, "30.50"))
    door.drain(*EVERYTHING)
    told(door, order(2, 7, "12.00"))
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        assert deliveries.lock_lane(ctx.db, ctx.merchant_id, TAKE)
        assert sync(door) == 30
        # The time-out of that wait is over with it.
        with door.parts.database.transaction(door.tenant.merchant_id) as other:
            assert other.db.scalar(text("show lock_timeout")) == "0"
    assert sync(door) == 42
    door.drain(*EVERYTHING)
    assert entries(door) == [30, 12]


def test_stores_are_asked_after_people_were_joined(member: Door) -> None:
    told(member, order(2, 8, "12.00"))
    member.drain(*EVERYTHING)
    member.ask(
        "update users set merged_into = (select customer_id from customer_identities"
        " where external_id = '7') where customer_id = (select customer_id"
        " from customer_identities where external_id = '8')"
    )
    told(member, order(3, 8, "5.00"))
    assert (sync(member, "7"), sync(member, "8")) == (47, 47)
