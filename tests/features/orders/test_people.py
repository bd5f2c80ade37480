"""Customers: who is a member, how they may be reached, which of their addresses are proved."""

from typing import Any

import pytest

from tests.door import Door, order
from webapp.core import addresses
from webapp.core.models import CustomerContact
from webapp.features.orders import service

HANDLERS = (
    "orders.take_customers",
    "orders.take_consents",
    "orders.take_merges",
    "orders.take_deletions",
    "orders.take_paid_orders",
    "orders.take_changed_orders",
)
EMAIL_CONSENT = "customers_email_marketing_consent/update"
SMS_CONSENT = "customers_marketing_consent/update"


def customer(number: int = 7, at: str = "06:00:00", **more: Any) -> dict[str, Any]:
    """A customer as Shopify tells of one since 2025-01: without consents."""
    return {
        "id": number,
        "updated_at": f"2026-03-14T{at}-05:00",
        "state": "enabled",
        "verified_email": True,
        "email": f"shopper{number}@shop.example",
        "phone": f"+4930123456{number}",
        **more,
    }


def consent(state: str, level: str = "single_opt_in", at: str | None = "06:00:00") -> Any:
    moment = f"2026-03-14T{at}-05:00" if at else None
    return {"state": state, "opt_in_level": level, "consent_updated_at": moment}


def sms(state: str, level: str = "single_opt_in", number: int = 7, **more: Any) -> dict[str, Any]:
    at = more.pop("at", "06:00:00")
    phone = more.pop("phone", f"+4930123456{number}")
    return {"id": number, "phone": phone, "sms_marketing_consent": consent(state, level, at)}


def tell(door: Door, topic: str, *payloads: dict[str, Any]) -> None:
    start = door.count("inbound_events")
    for number, payload in enumerate(payloads, start):
        event = {"X_Shopify_Event_Id": f"e-{number}"}
        assert door.webhook(payload, topic, f"d-{number}", **event).status_code == 200
    door.drain(*HANDLERS)
    stuck = "select reason from deliveries where attempts > 0 and handler = any(:names)"
    assert door.ask(stuck, names=list(HANDLERS)) == []


def verified(door: Door) -> list[tuple[Any, ...]]:
    sql = """
        select external_id, email_verified, phone_verified, email_hash is not null,
               phone_hash is not null
        from customer_contacts order by external_id
    """
    return [tuple(row) for row in door.ask(sql)]


def told(door: Door, topic: str) -> list[dict[str, Any]]:
    sql = "select payload from outbox where topic = :topic order by message_id"
    return [row[0] for row in door.ask(sql, topic=topic)]


def members(door: Door) -> list[str]:
    return [r[0] for r in door.ask("select external_id from customer_identities order by 1")]


def test_a_new_customer_is_a_member_at_once_and_once(door: Door) -> None:
    tell(door, "customers/create", customer(7), customer(7), customer(8))
    assert (members(door), door.count("users")) == (["7", "8"], 2)
    (message,) = told(door, "customers.told")
    assert (message["customers"], message["joined"]) == (["7", "8"], ["7", "8"])


def test_an_old_customer_who_changes_is_no_member_until_they_buy(door: Door) -> None:
    tell(door, "customers/update", customer(7))
    assert (members(door), verified(door)) == ([], [("7", True, False, True, True)])
    tell(door, "orders/paid", {**order(1), "customer": customer(7)})
    assert members(door) == ["7"]
    # Once for the address, and once for the member.
    assert [m["customers"] for m in told(door, "customers.told")] == [["7"], ["7"]]


def test_who_says_nothing_new_is_not_told_of_again(door: Door) -> None:
    tell(door, "customers/create", customer(7))
    tell(door, "customers/update", customer(7, at="06:10:00", note="likes ferns"))
    assert len(told(door, "customers.told")) == 1
    tell(door, "customers/update", customer(7, at="06:20:00", email="other@shop.example"))
    assert len(told(door, "customers.told")) == 2


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_an_address_is_proved_only_when_shopify_says_so(door: Door, said: object) -> None:
    tell(door, "customers/create", customer(7, verified_email=said))
    assert verified(door) == [("7", False, False, True, True)]


def test_no_address_is_no_proof(door: Door) -> None:
    tell(door, "customers/create", customer(7, email=None, phone=None))
    assert verified(door) == [("7", False, False, False, False)]


@pytest.mark.parametrize(
    ("state", "level", "proved"),
    [
        ("subscribed", "confirmed_opt_in", True),
        ("subscribed", "single_opt_in", False),
        ("pending", "confirmed_opt_in", False),
        ("unsubscribed", "confirmed_opt_in", False),
    ],
)
@pytest.mark.parametrize("first", ["customer", "consent"])
def test_a_phone_is_proved_by_a_consent_from_it(
    door: Door, state: str, level: str, proved: bool, first: str
) -> None:
    words = [("customers/create", customer(7)), (SMS_CONSENT, sms(state, level))]
    for topic, payload in words if first == "customer" else reversed(words):
        tell(door, topic, payload)
    assert verified(door) == [("7", True, proved, True, True)]
    assert door.ask("select sms_consent from customer_contacts") == [(state,)]


def test_another_phone_has_to_be_proved_anew(door: Door) -> None:
    tell(door, "customers/create", customer(7))
    tell(door, SMS_CONSENT, sms("subscribed", "confirmed_opt_in"))
    tell(door, "customers/update", customer(7, at="06:10:00", locale="de"))
    assert verified(door)[0][2] is True
    tell(door, "customers/update", customer(7, at="06:20:00", phone="+49301239999"))
    assert verified(door)[0][2] is False
    other = sms("subscribed", "confirmed_opt_in", phone="+49301239999", at="06:30:00")
    tell(door, SMS_CONSENT, other)
    assert verified(door)[0][2] is True
    assert [m["customers"] for m in told(door, "customers.told")] == [["7"]] * 4


def test_older_consents_never_replace_newer_ones(door: Door) -> None:
    for at, state in (("06:10:00", "unsubscribed"), ("06:00:00", "subscribed")):
        payload = {
            "customer_id": 7,
            "email_address": "shopper7@shop.example",
            "email_marketing_consent": consent(state, at=at),
        }
        tell(door, EMAIL_CONSENT, payload)
    tell(door, "customers/update", customer(7, at="06:30:00"))
    assert door.ask("select email_consent from customer_contacts") == [("unsubscribed",)]
    assert verified(door) == [("7", True, False, True, True)]


def test_a_consent_without_a_time_is_as_old_as_its_event(door: Door) -> None:
    payload = {"customer_id": 7, "email_marketing_consent": consent("subscribed", at=None)}
    tell(door, EMAIL_CONSENT, payload)
    ((at,),) = door.ask("select email_consent_at from customer_contacts")
    assert at.isoformat() == "2026-03-14T11:59:31.877000+00:00"


def test_the_same_address_in_two_stores_has_one_hash_and_is_sealed(door: Door) -> None:
    tell(door, "customers/create", customer(7), customer(8, email="SHOPPER7@shop.example "))
    rows = door.ask("select email, email_hash from customer_contacts order by external_id")
    assert rows[0].email_hash == rows[1].email_hash
    assert b"shopper7" not in rows[0].email + rows[0].email_hash


def merged(lost: int, kept_: int, status: str = "completed") -> dict[str, Any]:
    return {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept_}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{lost}",
        "admin_graphql_api_job_id": None,
        "status": status,
        "errors": [],
    }


def test_customers_whom_a_shop_made_one_are_told_of_once(door: Door) -> None:
    tell(door, "customers/create", customer(7))
    tell(door, "customers/merge", merged(7, 8), merged(7, 8))
    assert members(door) == ["7", "8"]
    pair = {"store_id": door.tenant.store_id, "lost": "7", "kept": "8"}
    assert told(door, "customers.merged") == [pair]
    assert door.ask("select email, email_hash from customer_contacts") == [(None, None)]


@pytest.mark.parametrize("status", ["failed", "in_progress", "requested"])
def test_a_merge_that_did_not_come_about_changes_nothing(door: Door, status: str) -> None:
    tell(door, "customers/create", customer(7))
    tell(door, "customers/merge", merged(7, 8, status))
    assert (members(door), told(door, "customers.merged")) == (["7"], [])


def test_who_was_deleted_is_not_brought_back_by_an_older_word(door: Door) -> None:
    tell(door, "customers/create", customer(7))
    tell(door, SMS_CONSENT, sms("subscribed", "confirmed_opt_in"))
    tell(door, "customers/delete", {"id": 7})
    tell(door, "customers/update", customer(7, at="06:30:00"))
    assert verified(door) == [("7", False, False, False, False)]
    assert [m["customers"] for m in told(door, "customers.deleted")] == [["7"]]
    assert members(door) == ["7"]


def test_addresses_from_before_are_hashed_every_day(door: Door) -> None:
    tell(door, "customers/create", *(customer(n) for n in range(1, 6)))
    door.ask("update customer_contacts set email_hash = null, phone_hash = null")
    tell(door, "customers/create", customer(9, email="not an address", phone=None))
    merchant_id = door.tenant.merchant_id
    with door.parts.database.transaction(merchant_id) as ctx:
        ctx.emit("every.daily", "one", {})
    door.drain("orders.hash_addresses", "orders.hash_more")
    assert [row[3:] for row in verified(door)] == [(True, True)] * 5 + [(False, False)]
    with door.parts.database.transaction(merchant_id) as ctx:
        hashed = addresses.email_hash(addresses.pepper(ctx), "shopper1@shop.example")
        found = ctx.db.get_one(CustomerContact, (merchant_id, door.tenant.store_id, "1"))
        assert found.email_hash == hashed


def test_many_addresses_are_hashed_piece_by_piece(door: Door) -> None:
    tell(door, "customers/create", *(customer(n) for n in range(1, 6)))
    door.ask("update customer_contacts set email_hash = null, phone_hash = null")
    pieces, after = 0, ("", "")
    while after is not None:
        with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
            after, pieces = service.hash_contacts(ctx, after, 2), pieces + 1
    assert (pieces, [row[3:] for row in verified(door)]) == (3, [(True, True)] * 5)
