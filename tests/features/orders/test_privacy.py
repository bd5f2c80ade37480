"""What shops ask in the name of privacy: records to answer with, and erasing that stays done."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.door import Door, order
from tests.features.orders.test_people import SMS_CONSENT, customer, sms
from webapp.core.contract import Form
from webapp.core.errors import AppError
from webapp.core.inbox import StoredEvent
from webapp.features.accounts import service as accounts
from webapp.features.orders.commands import COMMANDS
from webapp.features.orders.pages import privacy as page
from webapp.features.points import service as points
from webapp.features.points.messages import RedeemReward, SaveReward
from webapp.features.points.messages.identities import SetBirthday
from webapp.features.points.messages.referrals import ClaimReferral, CreateReferralLink
from webapp.features.points.service import bonuses

HANDLERS = (
    "orders.take_paid_orders",
    "orders.take_customers",
    "orders.take_consents",
    "orders.take_refunds",
    "orders.take_data_requests",
    "orders.redact_customers",
    "orders.redact_shops",
    "accounts.forget_shop",
    "points.award_orders",
    "notifications.notify",
    "notifications.forget_people",
    "points.follow_friends",
)
SECRETS = ("shopper7@shop.example", "+49301234567", "Jane Grower")


def tell(door: Door, topic: str, *payloads: dict[str, Any]) -> None:
    start = door.count("inbound_events")
    for number, payload in enumerate(payloads, start):
        delivery = f"{topic}-{number}-{door.count('outbox')}"
        assert door.webhook(payload, topic, delivery).status_code == 200
    door.drain(*HANDLERS)
    stuck = "select handler, reason from deliveries where attempts > 0 and handler = any(:names)"
    assert door.ask(stuck, names=list(HANDLERS)) == []


def buys(number: int, buyer: int = 7) -> dict[str, Any]:
    person = customer(buyer, first_name="Jane Grower")
    return {**order(number), "customer": person, "email": person["email"], "note": "Jane Grower"}


def asked(customer_id: int | None = 7, *orders: int, **more: Any) -> dict[str, Any]:
    person = {"id": customer_id, "email": SECRETS[0], "phone": SECRETS[1]}
    return {"shop_id": 1, "customer": person, "orders_to_redact": list(orders), **more}


def everything(door: Door) -> dict[str, list[str]]:
    """Table -> every row of this merchant as text, with what is sealed opened."""
    found: dict[str, list[str]] = {}
    keys = door.parts.keys
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        tables = ctx.db.scalars(
            text(
                """
                select distinct c.table_name from information_schema.columns c
                join pg_class t on t.relname = c.table_name and not t.relispartition
                where c.table_schema = 'public' and c.column_name = 'merchant_id'
                  and has_table_privilege(t.oid, 'select')
                """
            )
        ).all()
        for table in tables:
            sql = f"select to_jsonb(r)::text from {table} r where merchant_id = :m"  # noqa: S608
            rows = ctx.db.scalars(text(sql), {"m": ctx.merchant_id}).all()
            found[table] = [str(row) for row in rows]
        for row in ctx.db.query(StoredEvent):
            place = StoredEvent.place(row.merchant_id, row.source, row.delivery_id)
            found["inbound_events"].append(keys.open(row.body, place))
    return found


def traces(door: Door) -> list[str]:
    """The tables that hold an address or a name of the customer in any form."""
    found = set()
    for table, rows in everything(door).items():
        if any(secret in row for row in rows for secret in SECRETS):
            found.add(table)
    for row in map(json.loads, everything(door)["customer_contacts"]):
        ways = ("email", "phone", "email_hash", "phone_hash", "locale", "email_consent")
        if row["external_id"] == "7" and any(row[way] for way in ways):
            found.add("customer_contacts")
    return sorted(found)


def test_nothing_is_left_of_a_customer_who_was_redacted(door: Door) -> None:
    tell(door, "orders/paid", buys(1), buys(2))
    tell(door, SMS_CONSENT, sms("subscribed", "confirmed_opt_in"))
    tell(door, "customers/data_request", asked(data_request={"id": 9999}))
    assert traces(door) == ["customer_contacts", "inbound_events"]
    points = door.ask("select sum(points) from points_transactions")
    tell(door, "customers/redact", asked(7, 1, 2))
    assert traces(door) == []
    assert (door.count("orders"), door.ask("select sum(points) from points_transactions")) == (
        2,
        points,
    )
    assert door.count("inbound_events") == 0
    (said,) = door.ask("select payload from outbox where topic = 'customers.redacted'")
    assert said[0] == {"store_id": door.tenant.store_id, "customers": ["7"]}


def test_redacting_one_customer_leaves_the_others(door: Door) -> None:
    tell(door, "orders/paid", buys(1), {**order(2, 8), "customer": customer(8)})
    tell(door, "customers/redact", asked(7, 1))
    assert traces(door) == []
    assert [
        r[0] for r in door.ask("select external_id from customer_contacts where email notnull")
    ] == ["8"]
    assert door.count("inbound_events") == 1


def test_guests_are_erased_by_their_orders(door: Door) -> None:
    guest = {**order(1, None), "email": SECRETS[0]}
    tell(door, "orders/paid", guest, {**order(2, None), "email": "b@shop.example"})
    assert traces(door) == ["inbound_events"]
    tell(door, "customers/redact", asked(None, 1))
    assert (traces(door), door.count("inbound_events")) == ([], 1)
    assert door.ask("select external_id, order_keys from redactions") == [(None, ["1"])]


def claim(door: Door, customer: str | None = None, email: str | None = None) -> None:
    """A friend accepts a member's invitation."""
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        home = ctx.db.scalar(text("select min(customer_id) from customer_identities"))
        points.start_referral_programme(ctx)
        code = points.create_referral_link(ctx, CreateReferralLink(home)).code
        said = ClaimReferral(code, door.tenant.store_id, None, customer, email)
        assert points.claim_referral(ctx, said).state == "claimed"


FORGOTTEN = "select distinct external_id, email_hash, state, reason from referral_claims"


@pytest.mark.parametrize(("who", "met"), [(7, True), (7, False), (None, False)])
def test_a_friend_who_gave_only_an_address_is_forgotten(
    door: Door, who: int | None, met: bool
) -> None:
    tell(door, "orders/paid", {**order(1, 8), "customer": customer(8)})
    claim(door, email=SECRETS[0].upper())
    if met:
        tell(door, "customers/create", customer(7))
    person = {"id": who} if met else {"id": who, "email": SECRETS[0]}
    tell(door, "customers/redact", {**asked(who, 99), "customer": person})
    assert door.ask(FORGOTTEN) == [(None, None, "void", "erased")]


def test_friends_of_a_shop_that_left_are_forgotten(door: Door) -> None:
    tell(door, "orders/paid", buys(1))
    claim(door, email="guest@shop.example")
    claim(door, customer="77")
    uninstalled(door)
    tell(door, "shop/redact", {"shop_id": 1, "shop_domain": door.tenant.shop})
    assert door.ask(FORGOTTEN) == [(None, None, "void", "erased")]


def test_a_redaction_may_be_told_twice_and_names_somebody(door: Door) -> None:
    tell(door, "orders/paid", buys(1))
    for _ in range(2):
        tell(door, "customers/redact", asked(7, 1))
    assert door.count("privacy_requests") == 1
    assert door.webhook(asked(None), "customers/redact", "nobody").status_code == 200
    door.drain("orders.redact_customers")
    sql = "select reason from deliveries where handler = 'orders.redact_customers'"
    assert door.ask(sql)[0][0].startswith("RefusedLineError")


def test_an_older_word_brings_nothing_back_and_a_newer_one_does(door: Door) -> None:
    tell(door, "customers/update", customer(7))
    tell(door, "customers/redact", asked(7))
    tell(door, "customers/update", customer(7, at="06:30:00"))
    assert door.count("customer_contacts where email notnull") == 0
    door.ask("delete from inbound_events")
    back = {**customer(7), "updated_at": "2026-03-20T12:00:00Z"}
    tell(door, "customers/update", back)
    assert door.count("customer_contacts where email notnull") == 1


def uninstalled(door: Door) -> None:
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        accounts.uninstall_store(ctx, door.tenant.store_id, ctx.wall)


def test_a_shop_that_left_is_erased_with_all_its_customers(door: Door) -> None:
    tell(door, "orders/paid", buys(1), {**order(2, 8), "customer": customer(8)})
    uninstalled(door)
    tell(door, "shop/redact", {"shop_id": 1, "shop_domain": door.tenant.shop})
    assert door.count("customer_contacts where email notnull or email_hash notnull") == 0
    assert (traces(door), door.count("inbound_events"), door.count("orders")) == ([], 0, 2)
    (said,) = door.ask("select payload from outbox where topic = 'customers.redacted'")
    assert said[0]["customers"] == ["7", "8"]
    assert door.ask("select access_token, refresh_token from stores") == [(None, None)]


def test_a_shop_that_came_back_keeps_what_it_has(door: Door) -> None:
    tell(door, "orders/paid", buys(1))
    door.ask("update stores set installed_at = :at", at=datetime(2026, 3, 14, 9, tzinfo=UTC))
    tell(door, "shop/redact", {"shop_id": 1, "shop_domain": door.tenant.shop})
    assert door.count("customer_contacts where email notnull") == 1
    assert door.count("redactions") == 0
    refused = "select count(*) from audit_logs where action = 'shop_redact_refused'"
    assert door.ask(refused) == [(1,)]


def test_a_record_says_what_is_held_until_it_is_answered(door: Door) -> None:
    tell(door, "orders/paid", buys(1), buys(2))
    tell(door, "customers/data_request", asked(data_request={"id": 9999}, orders_requested=[1]))
    tell(door, "customers/data_request", asked(data_request={"id": 9999}))
    merchant_id = door.tenant.merchant_id
    with door.parts.database.transaction(merchant_id) as ctx:
        (shown,) = page.load(ctx, Form({}))["requests"]
        assert shown["due_at"] == ctx.wall + timedelta(days=30)
        assert (shown["done_at"], shown["overdue"]) == (None, False)
        done = page.show_record(ctx, Form({"request": [shown["request_id"]]}))
        record = json.loads(done.show["record"])
        page.mark_answered(ctx, Form({"request": [shown["request_id"]]}))
        assert page.load(ctx, Form({}))["open"] == 0
    assert record["contact"]["email"] == SECRETS[0]
    assert [found["order_id"] for found in record["orders"]] == ["1", "2"]
    assert (record["member"]["points"], record["member"]["ledger_entries"]) == (60, 2)
    assert door.count("merchant_notices") == 1


SAID = """
    insert into notifications (merchant_id, notification_id, name, key, channel, customer_id,
        store_id, locale, subject, body, facts, state, outbox_key, created_at)
    values (:m, 'n', 'n', 'n', 'email', :h, :s, 'en', 'Hello', 'Welcome!', '{}', 'sent', 'n', now())
"""


def test_a_record_says_what_was_had_and_named_and_accepted(door: Door) -> None:
    tell(door, "orders/paid", {**order(1, 8), "customer": customer(8)})
    claim(door, customer="7")
    tell(door, "orders/paid", buys(2))
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        place = "select customer_id from customer_identities where external_id = '7'"
        home = ctx.db.scalar(text(place))
        bonuses.set_birthday(ctx, SetBirthday(home, door.tenant.store_id, "7", 3, 9))
        points.create_referral_link(ctx, CreateReferralLink(home))
        ctx.db.execute(text(SAID), {"m": ctx.merchant_id, "s": door.tenant.store_id, "h": home})
        points.save_reward(
            ctx, SaveReward("free_shipping", 10, "en", {"en": "Free shipping"}, reward_id=None)
        )
        reward = ctx.db.scalar(text("select reward_id from rewards"))
        ctx.db.execute(text("update stores set access_token = 'x'"))
        points.redeem(ctx, RedeemReward(home, door.tenant.store_id, "7", "k", reward))
    tell(door, "customers/data_request", asked(data_request={"id": 9999}))
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        (shown,) = page.load(ctx, Form({}))["requests"]
        record = json.loads(
            page.show_record(ctx, Form({"request": [shown["request_id"]]})).show["record"]
        )
    assert [(found["month"], found["day"]) for found in record["birthday"]] == [(3, 9)]
    assert [found["points"] for found in record["ledger"]] == [30, -10]
    assert [found["points"] for found in record["rewards"]] == [10]
    assert [found["state"] for found in record["accepted_invitations"]] == ["void"]
    assert [found["clicks"] for found in record["invitation"]] == [0]
    assert [found["body"] for found in record["messages"]] == ["Welcome!"]


@pytest.mark.parametrize("named", ["", "prv_nobody"])
def test_only_a_request_has_a_record(door: Door, named: str) -> None:
    with door.parts.database.transaction(door.tenant.merchant_id) as ctx:
        for act in (page.show_record, page.mark_answered):
            with pytest.raises(AppError):
                act(ctx, Form({"request": [named]}))


def test_what_a_restore_brings_back_is_erased_again(
    committed_door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    door, database = committed_door, committed_door.parts.database
    tell(door, "orders/paid", buys(1))
    contact = "select * from customer_contacts"
    (before,) = door.ask(contact)
    tell(door, "customers/redact", asked(7, 1))
    log = tmp_path / "redactions.jsonl"
    assert COMMANDS["redactions"].main(database, ["--write", str(log)]) == 0
    assert not any(secret in log.read_text() for secret in SECRETS)
    # A restore from before: the contact is back, and the log of the database is lost.
    restored = "update customer_contacts set email = :email, updated_at = :updated_at"
    door.ask(restored, email=before.email, updated_at=before.updated_at)
    times = "update customer_contacts set email_consent_at = null, sms_consent_at = null"
    door.ask(times)
    assert COMMANDS["redact-again"].main(database, [str(log)]) == 0
    assert door.count("customer_contacts where email notnull") == 0
    assert "Erased again: 1" in capsys.readouterr().out
    # Once more does no harm, and what came after is left alone.
    later = {**customer(7), "updated_at": "2026-03-20T12:00:00Z"}
    tell(door, "customers/update", later)
    assert COMMANDS["redact-again"].main(database, [str(log)]) == 0
    assert door.count("customer_contacts where email notnull") == 1


def test_a_file_that_is_no_log_is_refused(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log"
    file.write_text("[]\n")
    assert COMMANDS["redact-again"].main(door.parts.database, [str(file)]) == 1
    assert "redact-again:" in capsys.readouterr().err
    assert COMMANDS["redactions"].main(door.parts.database, []) == 0
