"""Orders as they are paid: once each, in any order, the same as from a file; and how to reach who
bought."""

import json
import random
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from jobs.drain import apply_or_isolate
from tests.door import Door, order
from tests.factories import import_orders, make_tenant
from webapp.core import deliveries, discovery
from webapp.core.models import CustomerContact

TAKE, CUSTOMERS = "orders.take_paid_orders", "orders.take_customers"
AWARD, SCORE, RESCORE = "points.award_orders", "rfm.absorb_and_score", "rfm.score_hourly"


def told(door: Door, *payloads: dict[str, Any], topic: str = "orders/paid") -> None:
    """Tell each under a delivery id of its own, and apply what waits."""
    before = door.count("inbound_events")
    for number, payload in enumerate(payloads, before):
        assert door.webhook(payload, topic, f"d-{number}").status_code == 200
    door.drain(TAKE, CUSTOMERS, AWARD, SCORE)


def balances(door: Door) -> dict[str, int]:
    sql = """
        select external_id, points from customer_identities
        join customer_cards using (merchant_id, customer_id)
    """
    return dict(map(tuple, door.ask(sql)))


def open_deliveries(door: Door) -> list[tuple[Any, ...]]:
    """(attempts, reason) of what the handlers of this file have not finished."""
    sql = "select attempts, reason from deliveries where handler = any(:names)"
    names = [TAKE, CUSTOMERS, AWARD, SCORE]
    return [tuple(row) for row in door.ask(sql, names=names)]


def customer(number: int = 7, at: str = "12:00:00", **more: Any) -> dict[str, Any]:
    """A customers/update payload."""
    return {
        "id": number,
        "email": f"new{number}@shop.example",
        "phone": None,
        "updated_at": f"2026-03-15T{at}Z",
        "email_marketing_consent": {"state": "unsubscribed"},
        "sms_marketing_consent": {"state": "subscribed"},
        **more,
    }


def contacts(door: Door) -> list[tuple[Any, ...]]:
    """(customer, e-mail, phone, language, consents) of everybody who may be reached."""
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        found = []
        for row in ctx.db.query(CustomerContact).order_by(CustomerContact.external_id):
            opened = [
                None
                if sealed is None
                else ctx.keys.open(
                    sealed,
                    CustomerContact.place(row.merchant_id, row.store_id, row.external_id, column),
                )
                for column, sealed in (("email", row.email), ("phone", row.phone))
            ]
            consents = row.email_consent, row.sms_consent
            found.append((row.external_id, *opened, row.locale, *consents))
        return found


def test_a_paid_order_becomes_points_and_facts(door: Door) -> None:
    told(door, order(1, 7, "30.50"), order(2, 8, "12.00"), order(3, None), order(4, 7, "5.00"))
    assert balances(door) == {"7": 35, "8": 12}
    assert (door.count("orders"), door.count("customer_stats")) == (4, 2)
    assert door.count("inbound_events where applied_at is null") == 0
    assert open_deliveries(door) == []


def test_many_events_are_one_message_to_the_other_features(door: Door) -> None:
    told(door, *(order(number) for number in range(1, 21)))
    (payload,) = door.ask("select payload from outbox where topic = 'orders.paid'")[0]
    assert payload["last"] - payload["first"] == 19


def test_each_member_who_earned_is_named_once(door: Door) -> None:
    told(door, order(1, 7, "30.50"), order(2, 7, "5.00"), order(3, 8, "0.99"))
    told(door, order(4, 7, "1.00"))
    sql = "select payload from outbox where topic = 'points.earned' order by message_id"
    said = [row[0] for row in door.ask(sql)]
    assert [(s["points"], s["balance"]) for s in said] == [(35, 35), (1, 36)]
    assert {s["store_id"] for s in said} == {door.tenant.store_id}


def test_a_test_order_is_left_out(door: Door) -> None:
    told(door, order(1, test=True))
    assert (door.count("orders"), open_deliveries(door)) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        {"total_price_set": None},
        {"total_price_set": {"shop_money": {"amount": "30.50", "currency_code": "EUR"}}},
        {"total_price_set": {"shop_money": {"amount": "thirty", "currency_code": "USD"}}},
        {"processed_at": "14 March", "created_at": None},
        {"id": None},
        {"customer": "Jane"},
    ],
)
def test_an_order_that_cannot_be_read_stops_no_other(door: Door, change: dict[str, Any]) -> None:
    told(door, {**order(1), **change}, order(2, 8, "12.00"))
    assert balances(door) == {"8": 12}
    ((attempts, reason),) = open_deliveries(door)
    assert (attempts, reason.partition(":")[0]) == (1, "RefusedLineError")


def test_the_amount_is_that_of_the_current_total_where_the_first_is_missing(door: Door) -> None:
    money = {"shop_money": {"amount": "11.00", "currency_code": "USD"}}
    told(door, order(1, total_price_set=None, current_total_price_set=money))
    assert balances(door) == {"7": 11}


def test_protected_fields_may_be_null(door: Door) -> None:
    hidden = {"id": 7, "updated_at": "2026-03-14T11:58:00Z", "email_marketing_consent": None}
    told(door, {**order(1), "customer": hidden}, {**order(2), "customer": {"id": 8}})
    assert balances(door) == {"7": 30, "8": 30}
    assert contacts(door) == [("7", None, None, "de-DE", None, None)]


def node(number: int, customer: int, amount: str) -> str:
    """The same order as a bulk operation writes it."""
    return json.dumps(
        {
            "id": f"gid://shopify/Order/{number}",
            "processedAt": "2026-03-14T11:59:00Z",
            "totalPriceSet": {"shopMoney": {"amount": amount, "currencyCode": "USD"}},
            "customer": {"id": f"gid://shopify/Customer/{customer}"},
        }
    )


@pytest.mark.parametrize("first", ["file", "webhook"])
def test_an_order_from_a_file_and_from_a_webhook_is_one(
    committed_door: Door, tmp_path: Path, first: str
) -> None:
    door, file = committed_door, tmp_path / "orders.jsonl"
    file.write_text(node(1, 7, "30.50") + "\n" + node(2, 8, "12.00") + "\n")
    if first == "webhook":
        told(door, order(1, 7, "30.50"))
    import_orders(door.parts.database, door.tenant, file)
    told(door, order(1, 7, "30.50"), order(3, 8, "5.00"))
    assert balances(door) == {"7": 30, "8": 17}
    assert (door.count("orders"), door.count("users")) == (3, 2)
    assert door.ask("select count(distinct ordered_at) from orders")[0][0] == 1


def test_any_order_of_arrival_and_any_doubles_end_alike(door: Door) -> None:
    events = [
        (order(1, 7, "30.50"), "orders/paid"),
        (order(2, 7, "12.00"), "orders/paid"),
        (customer(at="10:00:00", email="old@shop.example"), "customers/update"),
        (customer(at="11:00:00", email="new@shop.example"), "customers/update"),
    ]
    chance = random.Random(2026)  # noqa: S311 - it makes test data, not secrets
    for arrival in chance.sample(list(permutations(events)), 10):
        here = Door(door.parts, door.web, make_tenant(door.parts.database))
        for number, (payload, topic) in enumerate(arrival):
            for _ in range(chance.randint(1, 2)):
                here.webhook(payload, topic, f"{number}-{chance.randint(1, 2)}")
            if chance.random() < 0.5:
                here.drain(TAKE, CUSTOMERS)
        here.drain(TAKE, CUSTOMERS, AWARD)
        assert balances(here) == {"7": 42}
        after = ("7", "new@shop.example", None, "de-DE", "unsubscribed", "subscribed")
        assert contacts(here) == [after]


def test_contacts_are_sealed_and_follow_the_shop(door: Door) -> None:
    told(door, order(1))
    assert contacts(door) == [
        ("7", "shopper7@shop.example", "+49300007", "de-DE", "subscribed", None)
    ]
    (row,) = door.ask("select email, phone from customer_contacts")
    assert b"shopper7" not in row.email
    told(door, customer(), topic="customers/update")
    after = ("7", "new7@shop.example", None, "de-DE", "unsubscribed", "subscribed")
    assert contacts(door) == [after]


@pytest.mark.parametrize("arrived", ["before", "after", "together"])
def test_an_older_word_never_replaces_a_newer_one(door: Door, arrived: str) -> None:
    told(door, order(1))
    older = customer(at="10:00:00", email="older@shop.example")
    newer = customer(at="10:00:01", email="newer@shop.example")
    if arrived == "together":
        told(door, newer, older, topic="customers/update")
    else:
        for payload in (older, newer) if arrived == "before" else (newer, older):
            told(door, payload, topic="customers/update")
    assert [c[1] for c in contacts(door)] == ["newer@shop.example"]


def test_a_consent_taken_back_before_we_hear_of_the_first_order_stays_so(door: Door) -> None:
    told(door, customer(), topic="customers/update")
    told(door, order(1))
    assert [c[4] for c in contacts(door)] == ["unsubscribed"]


def test_what_dies_in_the_middle_leaves_nothing_and_loses_nothing(door: Door) -> None:
    for number in (1, 2, 3):
        door.webhook(order(number), delivery=f"d-{number}")
    merchant_id, take = door.tenant.merchant_id, discovery.handlers()[TAKE]
    with pytest.raises(ZeroDivisionError), door.parts.database.transaction(merchant_id) as ctx:
        apply_or_isolate(ctx, TAKE, take, deliveries.claim(ctx.db, merchant_id, TAKE, 50))
        assert ctx.db.query(CustomerContact).count() == 1
        raise ZeroDivisionError
    assert (door.count("orders"), door.count("customer_contacts")) == (0, 0)
    door.drain(TAKE, AWARD)
    assert balances(door) == {"7": 90}


def test_scores_follow_live_orders_without_an_import(door: Door) -> None:
    told(door, *(order(n, n, f"{n}0.00") for n in range(1, 6)))
    assert door.count("rfm_cutpoints") == 0
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        ctx.emit("every.hourly", "one", {})
    door.drain(RESCORE)
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        ctx.emit("every.hourly", "two", {})
    door.drain(RESCORE)
    assert door.count("rfm_cutpoints") == 1
