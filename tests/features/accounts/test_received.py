"""The Received page: what came in, what became of it, and nothing of what was said."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.door import Door, order
from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock
from webapp.features.accounts import service
from webapp.features.accounts.queries.received import ROWS_A_PAGE

TAKE = "orders.take_paid_orders"
TOKEN = 'name="form_token" value="'


@dataclass(frozen=True)
class Desk(Door):
    """A signed-in merchant whose shop tells us things."""

    def see(self, query: str = "") -> str:
        answer = self.web.get(f"/admin/received{query}")
        assert answer.status_code == 200
        return answer.text

    def send(self, action: str, **form: str) -> str:
        token = self.see().partition(TOKEN)[2].partition('"')[0]
        sent = {"form_token": token, **form}
        answer = self.web.post(f"/admin/received/{action}", data=sent)
        assert answer.status_code == 303
        return self.web.get(answer.headers["Location"]).text

    def give_up(self) -> None:
        """Whatever has failed so far has failed for good."""
        self.ask("update deliveries set dead_at = clock_timestamp() where reason is not null")

    def topics(self, query: str) -> int:
        return self.see(query).count('<th scope="row"><bdi dir="ltr">')


@pytest.fixture
def desk(door: Door) -> Desk:
    sign_in(door.parts, door.web, door.tenant)
    return Desk(door.parts, door.web, door.tenant)


@pytest.fixture
def four(desk: Desk) -> Desk:
    """One event in each state: applied, failed, waiting, kept."""
    desk.webhook(order(1), delivery="applied")
    desk.webhook({**order(2), "total_price_set": None}, delivery="failed")
    desk.drain(TAKE)
    desk.give_up()
    desk.webhook(order(3), delivery="waiting")
    desk.webhook({"id": 1}, "planets/aligned", "kept")
    return desk


@pytest.mark.parametrize(
    ("state", "name", "also"),
    [
        ("applied", "Applied", "orders/paid"),
        ("failed", "Stopped", "RefusedLineError: there is no amount"),
        ("waiting", "Waiting", "orders/paid"),
        ("kept", "Kept, not used", "planets/aligned"),
    ],
)
def test_each_state_is_shown_and_can_be_filtered(
    four: Desk, state: str, name: str, also: str
) -> None:
    shown = four.see(f"?state={state}")
    assert four.topics(f"?state={state}") == 1
    assert (f">{name}</span>" in shown, also in shown) == (True, True)


def test_all_states_together_newest_first(four: Desk) -> None:
    shown = four.see()
    assert four.topics("") == 4
    assert shown.index("planets/aligned") < shown.index("RefusedLineError")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?source=shopify", 4),
        ("?source=flow", 0),
        ("?source=nobody", 4),
        ("?topic=planets/aligned", 1),
        ("?topic=orders/paid&state=failed", 1),
        ("?topic=customers/update", 0),
        ("?topic=%00x", 0),
        ("?page=2", 0),
        ("?page=x&state=%FF", 4),
    ],
)
def test_events_can_be_filtered(four: Desk, query: str, found: int) -> None:
    assert four.topics(query) == found


def test_a_topic_that_nobody_receives_can_be_chosen(four: Desk) -> None:
    assert '<option value="planets/aligned">' in four.see()


def test_nothing_of_what_was_said_is_shown(four: Desk) -> None:
    shown = four.see()
    assert not any(word in shown for word in ("shopper7", "+4930", "30.50", "business"))


def test_many_events_come_in_pages(desk: Desk) -> None:
    for number in range(ROWS_A_PAGE + 1):
        desk.webhook({"id": number}, "planets/aligned", f"d-{number}")
    assert (desk.topics(""), desk.topics("?page=2")) == (ROWS_A_PAGE, 1)
    assert 'rel="next" href="/admin/received?page=2"' in desk.see()
    assert 'rel="prev"' in desk.see("?page=2")


def test_what_failed_is_applied_again_on_demand(four: Desk) -> None:
    sql = "select event_id from inbound_events where delivery_id = 'failed'"
    event_id = str(four.ask(sql)[0][0])
    said = four.send("again", event_id=event_id, state="failed")
    assert "The event is being applied again." in said
    assert four.topics("?state=failed") == 0
    assert four.topics("?state=waiting") == 2
    four.drain(TAKE)
    assert four.topics("?state=waiting") == 1
    (audited,) = four.ask("select metadata from audit_logs where action = 'event_applied_again'")
    assert audited[0]["handlers"] == [TAKE]


@pytest.mark.parametrize("event_id", ["", "0", "x", "99999999999999999999"])
def test_what_is_not_there_is_not_applied_again(four: Desk, event_id: str) -> None:
    assert "There was nothing to apply again." in four.send("again", event_id=event_id)


def test_the_stores_are_asked_on_demand(desk: Desk) -> None:
    assert "The shops are being asked." in desk.send("check")
    assert "Not connected" in desk.see()


def test_old_events_are_forgotten_unless_they_wait(four: Desk, clock: FixedClock) -> None:
    clock.advance(days=31)
    four.webhook(order(9), delivery="new")
    with four.parts.database.transaction(four.tenant.merchant_id) as ctx:
        assert service.forget_events(ctx) == 2
        left = ctx.db.scalars(text("select delivery_id from inbound_events order by event_id"))
        assert left.all() == ["failed", "waiting", "new"]


def test_an_event_that_is_told_late_says_so(desk: Desk, clock: FixedClock) -> None:
    at = clock.at - timedelta(hours=3)
    desk.webhook(order(1), X_Shopify_Triggered_At=at.isoformat())
    assert "3 hours after it happened" in desk.see()
