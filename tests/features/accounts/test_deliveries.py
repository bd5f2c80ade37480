"""The Deliveries page: every state in words, filters, pages, and sending again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from webapp.app import create_app
from webapp.core.deliveries import WAITING
from webapp.gateways.breaker import Breaker, Verdict
from webapp.parts import Parts

PUSH, AWARD = "points.send.points.changed", "points.award_orders"
TOKEN = 'name="form_token" value="'


@dataclass(frozen=True)
class Desk:
    """A signed-in merchant whose deliveries are made by hand."""

    parts: Parts
    web: FlaskClient
    tenant: Tenant

    def ask(self, sql: str, **values: object) -> list:
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql), {"m": self.tenant.merchant_id, **values})
            return list(found) if found.returns_rows else []

    def put(self, handler: str, topic: str, **columns: str) -> int:
        """A delivery with these columns (SQL); the number of its message."""
        sql = """
            insert into outbox (merchant_id, topic, key, payload)
            values (:m, :t, gen_random_uuid(), '{}') returning message_id
        """
        ((number,),) = self.ask(sql, t=topic)
        names, values = ", ".join(("", *columns)), ", ".join(("", *columns.values()))
        self.ask(
            f"insert into deliveries (merchant_id, handler, message_id{names})"  # noqa: S608 - named by tests
            f" values (:m, :h, :n{values})",
            h=handler,
            n=number,
        )
        return int(number)

    def note(self, numbers: Iterable[int], destination: str = "shopify") -> None:
        """Sent deliveries, as the log has them."""
        self.ask(
            "insert into delivery_log (merchant_id, handler, message_id, destination, topic,"
            " attempts, took_ms, sent_at) select :m, :h, n, :d, 'points.changed', 1, 340,"
            " clock_timestamp() - n * interval '1 minute' from unnest(:numbers) n",
            h=PUSH,
            d=destination,
            numbers=list(numbers),
        )

    def see(self, query: str = "") -> str:
        answer = self.web.get(f"/admin/deliveries{query}")
        assert answer.status_code == 200
        return answer.text

    def send(self, **form: str) -> str:
        token = self.see().partition(TOKEN)[2].partition('"')[0]
        answer = self.web.post("/admin/deliveries/again", data={"form_token": token, **form})
        assert answer.status_code == 303
        return self.web.get(answer.headers["Location"]).text


SECONDS = "clock_timestamp() + interval '%d seconds'"
DEAD = {"dead_at": SECONDS % -7200, "reason": "'HTTP 422'", "attempts": "4"}
STATES = {
    "queued": ({}, "Due "),
    "sending": (
        {"lease_token": "gen_random_uuid()", "due_at": SECONDS % 14, "attempts": "1"},
        "Now",
    ),
    "retrying": (
        {"due_at": SECONDS % 119, "attempts": "2", "reason": "'HTTP 503'"},
        "Next try in 2 minutes",
    ),
    "dead": (DEAD, "Given up 2 hours ago"),
}
NAMES = {"queued": "Queued", "sending": "Being sent", "retrying": "Retrying", "dead": "Stopped"}


@pytest.fixture
def desk(held: Parts) -> Desk:
    tenant, web = make_tenant(held.database), create_app(held).test_client()
    sign_in(held, web, tenant)
    return Desk(held, web, tenant)


def rows(page: str) -> list[str]:
    """The lines of the list, without the table of destinations."""
    listed = page.partition('id="delivery-list"')[2]
    return [row for row in listed.split("<tr>")[2:]]


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_shown_in_words(desk: Desk, state: str) -> None:
    columns, when = STATES[state]
    number = desk.put(PUSH, "points.changed", **columns)
    desk.put(AWARD, "orders.imported", dead_at=SECONDS % 0, reason="'other'")
    (row,) = rows(desk.see(f"?state={state}&destination=shopify"))
    for shown in ("Balances for the storefront", f"#{number}", "Shopify", NAMES[state], when):
        assert shown in row
    assert (columns.get("reason", "").strip("'") in row) and ("Send again" in row) == (
        state == "dead"
    )
    for other in set(STATES) - {state}:
        assert rows(desk.see(f"?state={other}&destination=shopify")) == []


def test_what_its_receiver_put_off_is_no_longer_being_sent(desk: Desk) -> None:
    columns = {"lease_token": f"'{WAITING}'", "due_at": SECONDS % 45, "reason": "'HTTP 429'"}
    desk.put(PUSH, "points.changed", **columns)
    (row,) = rows(desk.see("?state=queued"))
    assert "Next try in 4" in row and "HTTP 429" in row


def test_what_was_sent_comes_from_the_log(desk: Desk) -> None:
    desk.note([3, 1, 2])
    found = rows(desk.see("?state=sent"))
    assert ["#1" in found[0], "#2" in found[1], "#3" in found[2]] == [True] * 3
    assert "Sent 1 minute ago" in found[0]
    assert "340 ms" in found[0]
    assert rows(desk.see("?state=sent&destination=klaviyo")) == []


def test_queue_tells_its_age_and_its_counts(desk: Desk) -> None:
    desk.put(PUSH, "points.changed", due_at=SECONDS % -125)
    desk.put(PUSH, "points.changed", due_at=SECONDS % 300, attempts="1")
    desk.put(PUSH, "points.changed", **DEAD)
    desk.note([1, 2])
    page = " ".join(desk.see().split())
    assert "<dt>Waiting longest</dt> <dd>2 minutes</dd>" in page
    shopify = page.partition('<th scope="row">Shopify</th>')[2].partition("</tr>")[0]
    figures = [cell.partition(">")[2].partition("<")[0] for cell in shopify.split("<td")[2:7]]
    assert figures == ["1", "0", "1", "1", "2"]
    assert "1 stopped" in page


def test_an_empty_queue_says_so(desk: Desk) -> None:
    desk.ask("delete from deliveries")
    page = desk.see()
    assert "Everything is delivered" in page
    assert "hx-get" not in page


def test_page_refreshes_while_something_is_open(desk: Desk) -> None:
    desk.put(PUSH, "points.changed")
    assert 'hx-get="/admin/deliveries?state=queued"' in desk.see("?state=queued")


def test_work_inside_is_a_destination_too(desk: Desk) -> None:
    desk.put(AWARD, "orders.imported", **DEAD)
    desk.put(PUSH, "points.changed", **DEAD)
    (row,) = rows(desk.see("?destination=loyalnest&state=dead"))
    assert "Points for orders" in row and "Inside LoyalNest" in row


def test_long_lists_have_pages(desk: Desk) -> None:
    desk.note(range(1, 121))
    pages = [desk.see(f"?state=sent&page={page}") for page in (1, 2, 3)]
    assert [len(rows(page)) for page in pages] == [50, 50, 20]
    assert ["Older" in page for page in pages] == [True, True, False]
    assert ["Newer" in page for page in pages] == [False, True, True]


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?state=no", "?page=99999", "?page=٣"])
def test_a_query_that_means_nothing_shows_the_page(desk: Desk, query: str) -> None:
    assert "One by one" in desk.see(query)


def test_one_is_sent_again(desk: Desk) -> None:
    number = desk.put(PUSH, "points.changed", **DEAD)
    other = desk.put(PUSH, "points.changed", **DEAD)
    page = desk.send(handler=PUSH, message_id=str(number), state="dead")
    assert "1 delivery is being tried again." in page
    assert len(rows(page)) == 1
    sql = "select message_id, attempts, dead_at is null, lease_token from deliveries order by 1"
    assert desk.ask(sql)[-2:] == [(number, 0, True, None), (other, 4, False, None)]
    ((actor, metadata),) = desk.ask(
        "select actor_kind, metadata from audit_logs where action = 'delivery_sent_again'"
    )
    assert actor == "admin"
    assert metadata == {
        "destination": "shopify",
        "handler": PUSH,
        "message_id": number,
        "deliveries": 1,
    }


def test_all_of_a_destination_are_sent_again(desk: Desk) -> None:
    for _ in range(3):
        desk.put(PUSH, "points.changed", **DEAD)
    desk.put(AWARD, "orders.imported", **DEAD)
    assert "3 deliveries are being tried again." in desk.send(destination="shopify")
    left = desk.ask("select handler from deliveries where dead_at is not null")
    assert left == [(AWARD,)]


def test_nothing_to_send_again_is_no_record(desk: Desk) -> None:
    desk.put(PUSH, "points.changed")
    number = desk.put(PUSH, "points.changed", **DEAD)
    desk.send(handler=PUSH, message_id=str(number))
    desk.put(AWARD, "orders.imported", **DEAD)
    assert "0 deliveries" in desk.send(handler=PUSH, message_id=str(number))
    audits = "select count(*) from audit_logs where action = 'delivery_sent_again'"
    assert desk.ask(audits) == [(1,)]


def test_another_tenant_sees_and_sends_nothing_of_it(desk: Desk) -> None:
    number = desk.put(PUSH, "points.changed", **DEAD)
    other = make_tenant(desk.parts.database)
    sign_in(desk.parts, desk.web, other)
    theirs = Desk(desk.parts, desk.web, other)
    theirs.put(PUSH, "points.changed", **DEAD)
    assert f"#{number}<" not in theirs.see()
    assert "0 deliveries" in theirs.send(handler=PUSH, message_id=str(number))
    assert desk.ask("select dead_at is null from deliveries where message_id = :n", n=number) == [
        (False,)
    ]


def test_an_analyst_may_not_see_it(desk: Desk) -> None:
    sign_in(desk.parts, desk.web, desk.tenant, "analyst")
    assert desk.web.get("/admin/deliveries").status_code == 403


def test_overview_leads_from_stopped_work_to_the_page(desk: Desk) -> None:
    desk.ask("delete from deliveries")
    desk.put(AWARD, "orders.imported", **DEAD)
    assert "/admin/deliveries?state=dead" in desk.web.get("/admin/").text


@pytest.fixture
def breaker(committed: Parts) -> Iterator[Breaker]:
    """The breaker of the run, which forgets what a test told it."""
    yield committed.breaker
    committed.breaker.tell("shopify", Verdict.WORKS)


def test_a_destination_that_rests_says_so(
    committed: Parts, web: FlaskClient, breaker: Breaker
) -> None:
    tenant = make_tenant(committed.database)
    sign_in(committed, web, tenant)
    desk = Desk(committed, web, tenant)

    def shopify() -> str:
        return desk.see().partition('<th scope="row">Shopify</th>')[2].partition("</tr>")[0]

    breaker.tell("shopify:another", Verdict.FAILS, "HTTP 401")
    assert "Ready" in shopify()
    breaker.tell(f"shopify:{tenant.store_id}", Verdict.FAILS, "HTTP 401")
    own = shopify()
    assert "Resting" in own and "HTTP 401" in own and "the next try is in 1 minute" in own
    for _ in range(5):
        breaker.tell("shopify", Verdict.FAILS, "HTTP 503")
    breaker.tell(f"shopify:{tenant.store_id}", Verdict.WORKS)
    assert "HTTP 503" in shopify()
