"""A message on its way out: asked again what has changed since it was queued."""

import pytest

from tests.features.notifications.conftest import EMAIL, SMS, Programme, at
from tests.features.notifications.test_hearing import ADA, save, states
from webapp.features.notifications import service
from webapp.features.notifications.messages import Settings


@pytest.fixture
def queued(programme: Programme) -> tuple[Programme, str, str]:
    """A member whose e-mail and SMS are queued."""
    member = programme.member(**ADA, locale="en")
    programme.earn(member)
    programme.hear()
    email, sms = programme.said()
    programme.clock.advance(seconds=1)
    return programme, email.notification_id, sms.notification_id


def test_what_is_sent_has_the_address_and_the_fixed_text(
    queued: tuple[Programme, str, str],
) -> None:
    programme, email_id, sms_id = queued
    email, sms = programme.prepare(email_id), programme.prepare(sms_id)
    assert email is not None
    assert sms is not None
    assert (email.email, sms.phone) == (ADA["email"], ADA["phone"])
    assert email.metric == "Earned Points"
    assert email.profile == {"loyalnest_points_balance": 1234, "loyalnest_locale": "en"}
    shop = email.properties["shop"]
    assert email.properties == {
        "message": "points_earned",
        "points": 30,
        "balance": 1234,
        "shop": shop,
        "subject": f"You earned 30 points at {shop}",
        "body": "Thank you for your order. You earned 30 points.\n\n"
        f"Your balance at {shop} is now 1,234 points.",
        "locale": "en",
        "direction": "ltr",
    }
    assert sms.properties["body"] == f"{shop}: you earned 30 points. Your balance: 1,234."
    assert email.breaker == email.credentials.ref != sms.breaker


def test_neither_address_nor_key_is_printed(queued: tuple[Programme, str, str]) -> None:
    programme, email_id, _ = queued
    shown = repr(programme.prepare(email_id))
    assert "example.org" not in shown
    assert "5550100" not in shown
    assert "pk_" not in shown


@pytest.mark.parametrize(
    ("change", "email", "sms"),
    [
        ({"sms_consent": "unsubscribed"}, "queued", "unsubscribed"),
        ({"email_consent": "unsubscribed"}, "unsubscribed", "queued"),
        ({"phone": None}, "queued", "no_address"),
    ],
)
def test_consent_withdrawn_before_the_send_is_honoured(
    queued: tuple[Programme, str, str], change: dict[str, str | None], email: str, sms: str
) -> None:
    programme, email_id, sms_id = queued
    programme.reach(programme.said()[0].customer_id, **{**ADA, **change})
    prepared = [programme.prepare(email_id), programme.prepare(sms_id)]
    assert states(programme) == {"email": email, "sms": sms}
    assert [p is not None for p in prepared] == [email == "queued", sms == "queued"]


def test_a_gone_connection_and_a_switch_are_honoured(queued: tuple[Programme, str, str]) -> None:
    programme, email_id, sms_id = queued
    programme.ask("delete from connections where service = 'klaviyo'")
    save(programme, Settings(switched_off=frozenset({"points_earned:sms"})))
    assert (programme.prepare(email_id), programme.prepare(sms_id)) == (None, None)
    assert states(programme) == {"email": "not_connected", "sms": "switched_off"}


def test_a_late_sms_waits_for_the_morning_and_is_not_lost(
    queued: tuple[Programme, str, str],
) -> None:
    programme, email_id, sms_id = queued
    programme.clock.at = at("2026-03-14T21:00:00")
    assert programme.prepare(email_id) is not None
    assert programme.prepare(sms_id) is None
    assert programme.waits(SMS) == [0, 12 * 3600]
    programme.clock.at = at("2026-03-15T08:59:59.900")
    assert programme.prepare(sms_id) is None
    assert programme.waits(SMS) == [0, 0, 12 * 3600]
    programme.clock.at = at("2026-03-15T09:00:00")
    assert programme.prepare(sms_id) is not None
    assert states(programme) == {"email": "queued", "sms": "queued"}


def test_what_was_sent_is_not_prepared_again(queued: tuple[Programme, str, str]) -> None:
    programme, email_id, _ = queued
    outgoing = programme.prepare(email_id)
    assert outgoing is not None
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        service.record_sent(ctx, outgoing)
    assert programme.prepare(email_id) is None
    assert states(programme) == {"email": "sent", "sms": "queued"}
    assert len(programme.waits(EMAIL)) == 1


@pytest.mark.parametrize("other", [False, True])
def test_nothing_is_said_to_who_is_to_be_forgotten(
    queued: tuple[Programme, str, str], other: bool
) -> None:
    programme = queued[0]
    store_id = programme.tenant.store_id
    ((external_id,),) = programme.ask("select external_id from customer_identities")
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        gone = service.forget_people(ctx, store_id, ["nobody" if other else external_id])
    left = len(programme.said())
    assert (gone > 0, left > 0) == (not other, other)
    assert (programme.prepare(queued[1]) is not None) == other
