"""From what happened to what Klaviyo and Postscript count, over real HTTP and real commits."""

from dataclasses import dataclass, replace

import pytest

from jobs.drain import drain_for
from tests.door import Door, order
from tests.factories import Tenant, make_tenant
from tests.features.notifications.conftest import EMAIL, NOTIFY, SMS, Programme, at
from tests.features.notifications.test_hearing import ADA, states
from tests.standins import Standins
from webapp.features.notifications import queries
from webapp.gateways.klaviyo import HttpKlaviyo
from webapp.gateways.postscript import HttpPostscript
from webapp.parts import Parts


@dataclass(frozen=True)
class Live(Programme):
    """A programme whose messages really leave, to the stand-ins."""

    parts: Parts

    def drain(self, *handlers: str) -> None:
        for handler in handlers or (NOTIFY, EMAIL, SMS):
            drain_for(self.parts, handler, 10.0)

    def let_time_pass(self) -> None:
        self.ask("update deliveries set due_at = clock_timestamp() where dead_at is null")


def connected(parts: Parts, standins: Standins, tenant: Tenant) -> Live:
    """The tenant with both accounts, at the stand-ins."""
    caller = parts.gateways.caller
    gateways = replace(
        parts.gateways,
        klaviyo=HttpKlaviyo(standins.url("klaviyo"), caller),
        postscript=HttpPostscript(standins.url("postscript"), caller),
    )
    made = Live(parts.database, parts.clock, tenant, replace(parts, gateways=gateways))
    made.connect("klaviyo", "postscript")
    return made


@pytest.fixture
def live(committed: Parts, standins: Standins) -> Live:
    return connected(committed, standins, make_tenant(committed.database))


def test_a_paid_order_tells_its_shopper_what_it_earned(
    committed_door: Door, standins: Standins
) -> None:
    door, consent = committed_door, {"state": "subscribed"}
    live = connected(door.parts, standins, door.tenant)
    paid = order(1, 7, "30.50", customer_locale="he-IL")
    paid["customer"]["sms_marketing_consent"] = consent
    assert door.webhook(paid).status_code == 200
    live.drain("orders.take_paid_orders", "points.award_orders", NOTIFY, EMAIL, SMS)
    (email,) = standins.received("klaviyo").values()
    (sms,) = standins.received("postscript").values()
    assert email["said"]["profile"]["email"] == paid["customer"]["email"]
    assert sms["said"]["phone"] == paid["customer"]["phone"]
    for told in (email, sms):
        said = told["said"]["properties"]
        assert (said["points"], said["balance"], said["locale"]) == (30, 30, "he")
        assert said["direction"] == "rtl"


def test_points_earned_are_told_once_over_each_channel(live: Live, standins: Standins) -> None:
    live.earn(live.member(**ADA, locale="fr"))
    for _ in range(2):
        live.drain()
        live.let_time_pass()
    email, sms = live.said()
    assert states(live) == {"email": "sent", "sms": "sent"}
    assert standins.effects("klaviyo") == {email.notification_id: 1}
    assert standins.effects("postscript") == {sms.notification_id: 1}
    told = standins.received("klaviyo")[email.notification_id]
    assert (told["kind"], told["said"]["profile"]["email"]) == ("Earned Points", ADA["email"])
    assert told["said"]["properties"]["body"] == email.body
    assert told["said"]["properties"]["locale"] == "fr"
    texted = standins.received("postscript")[sms.notification_id]
    assert (texted["kind"], texted["said"]["phone"]) == ("EarnedPoints", ADA["phone"])
    assert texted["said"]["properties"]["body"] == sms.body


@pytest.mark.parametrize("lost", [{"drop": True, "applied": True}, {"half": True, "applied": True}])
def test_a_lost_answer_is_not_counted_twice(
    live: Live, standins: Standins, lost: dict[str, bool]
) -> None:
    live.earn(live.member(**ADA))
    standins.faults("klaviyo", [lost])
    live.drain(NOTIFY, EMAIL)
    assert states(live)["email"] == "queued"
    live.let_time_pass()
    live.drain(EMAIL)
    (told,) = standins.received("klaviyo").values()
    assert (told["arrivals"], told["effects"]) == (2, 1)
    assert states(live)["email"] == "sent"


def test_only_subscribers_get_an_sms(live: Live, standins: Standins) -> None:
    for consent in ("subscribed", "not_subscribed", "unsubscribed", None):
        live.earn(live.member(**{**ADA, "sms_consent": consent}))
    live.drain()
    assert len(standins.effects("klaviyo")) == 4
    assert len(standins.effects("postscript")) == 1


def test_consent_withdrawn_while_it_waited_is_honoured(live: Live, standins: Standins) -> None:
    member = live.member(**ADA)
    live.earn(member)
    live.drain(NOTIFY)
    live.clock.advance(seconds=1)
    live.reach(member, **{**ADA, "sms_consent": "unsubscribed", "email_consent": "unsubscribed"})
    live.drain()
    assert standins.calls("klaviyo") == standins.calls("postscript") == 0
    assert states(live) == {"email": "unsubscribed", "sms": "unsubscribed"}


def test_quiet_hours_hold_an_sms_back_and_let_it_go(live: Live, standins: Standins) -> None:
    live.clock.at = at("2026-03-14T23:00:00")
    live.earn(live.member(**ADA))
    live.drain()
    assert (len(standins.effects("klaviyo")), standins.calls("postscript")) == (1, 0)
    live.let_time_pass()
    live.drain()
    assert standins.calls("postscript") == 0
    live.clock.at = at("2026-03-15T09:00:00")
    live.let_time_pass()
    live.drain()
    assert list(standins.effects("postscript").values()) == [1]


def test_a_refused_message_is_dead_and_says_why(live: Live, standins: Standins) -> None:
    live.earn(live.member(**ADA))
    standins.faults("klaviyo", [{"status": 422}])
    live.drain(NOTIFY, EMAIL)
    with live.database.transaction(live.tenant.merchant_id) as ctx:
        newest = {one.channel: one for one in queries.recent(ctx, 10)}
    assert newest["email"].state == "dead"
    assert "422" in (newest["email"].reason or "")
    assert "example.org" not in (newest["email"].reason or "")
