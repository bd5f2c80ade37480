"""What happened is said once, in the right language, to those who may be reached."""

import pytest
from sqlalchemy import text

from tests.factories import make_tenant
from tests.features.notifications.conftest import EMAIL, NOTIFY, SMS, Programme, at
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.features.notifications import service
from webapp.features.notifications.messages import Event, Settings

ADA = {"email": "ada@example.org", "phone": "+15550100", "sms_consent": "subscribed"}


def states(programme: Programme) -> dict[str, str]:
    """Channel -> state, or why it was skipped."""
    return {row.channel: row.reason or row.state for row in programme.said()}


def save(programme: Programme, settings: Settings) -> None:
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        service.save_settings(ctx, settings)


def test_text_and_language_are_those_of_the_moment(programme: Programme) -> None:
    programme.earn(programme.member(**ADA, locale="de-AT"))
    programme.hear()
    email, sms = programme.said()
    assert (email.channel, sms.channel) == ("email", "sms")
    assert {email.locale, sms.locale} == {"de"}
    assert "30" in email.subject
    assert "1.234" in email.body
    assert "1.234" in sms.body
    assert email.facts == {"points": 30, "balance": 1234, "shop": email.facts["shop"]}


def test_a_later_change_of_language_changes_no_text(programme: Programme) -> None:
    member = programme.member(**ADA, locale="de")
    programme.earn(member)
    programme.hear()
    before = [(row.body, row.locale) for row in programme.said()]
    programme.clock.advance(minutes=5)
    programme.reach(member, **ADA, locale="ar")
    outgoing = programme.prepare(programme.said()[0].notification_id)
    assert outgoing is not None
    assert (outgoing.properties["locale"], outgoing.properties["direction"]) == ("de", "ltr")
    assert [(row.body, row.locale) for row in programme.said()] == before


@pytest.mark.parametrize(
    ("shopper", "merchant", "said_in"),
    [("he-IL", "en", "he"), ("zh-TW", "fr", "fr"), (None, "fr", "fr"), ("xx", "en", "en")],
)
def test_an_unknown_language_gives_way_to_the_merchants(
    database: Database, programme: Programme, shopper: str | None, merchant: str, said_in: str
) -> None:
    theirs = Programme(database, programme.clock, make_tenant(database, locale=merchant))
    theirs.connect("klaviyo")
    theirs.earn(theirs.member(**ADA, locale=shopper))
    theirs.hear()
    assert [row.locale for row in theirs.said()] == [said_in]


def test_an_event_is_said_once_over_each_channel(programme: Programme) -> None:
    member = programme.member(**ADA)
    for _ in range(2):
        programme.earn(member, key="same")
        programme.hear()
    assert len(programme.said()) == 2
    assert (programme.waits(EMAIL), programme.waits(SMS)) == ([0], [0])
    assert programme.waits(NOTIFY) == []


def test_no_address_is_kept_in_the_message_or_the_outbox(programme: Programme) -> None:
    programme.earn(programme.member(**ADA))
    programme.hear()
    kept = programme.ask(
        "select notifications::text from notifications union all select outbox::text from outbox"
    )
    assert kept
    assert [row for (row,) in kept if "example.org" in row or "5550100" in row] == []


@pytest.mark.parametrize(
    ("contact", "email", "sms"),
    [
        (ADA, "queued", "queued"),
        ({**ADA, "sms_consent": "not_subscribed"}, "queued", "no_consent"),
        ({**ADA, "sms_consent": "pending"}, "queued", "no_consent"),
        ({**ADA, "sms_consent": None}, "queued", "no_consent"),
        ({**ADA, "sms_consent": "unsubscribed"}, "queued", "unsubscribed"),
        ({**ADA, "phone": None}, "queued", "no_address"),
        ({**ADA, "email_consent": "unsubscribed"}, "unsubscribed", "queued"),
        ({**ADA, "email_consent": "redacted"}, "unsubscribed", "queued"),
        ({**ADA, "email_consent": "not_subscribed"}, "queued", "queued"),
        ({**ADA, "email": None}, "queued", "queued"),
        ({}, "queued", "no_address"),
    ],
)
def test_consent_and_address_decide_for_each_channel(
    programme: Programme, contact: dict[str, str | None], email: str, sms: str
) -> None:
    programme.earn(programme.member(**contact))
    programme.hear()
    assert states(programme) == {"email": email, "sms": sms}
    assert len(programme.waits(EMAIL)) == (email == "queued")
    assert len(programme.waits(SMS)) == (sms == "queued")


def test_consent_given_to_one_store_is_none_for_another(programme: Programme) -> None:
    member, other = programme.member(**ADA), programme.add_store()
    programme.ask(
        "insert into customer_identities values (:m, :s, 'theirs', :c)",
        m=programme.tenant.merchant_id,
        s=other,
        c=member,
    )
    programme.earn(member, store_id=other)
    programme.hear()
    assert states(programme) == {"email": "queued", "sms": "no_address"}
    outgoing = programme.prepare(programme.said()[0].notification_id)
    assert outgoing is not None
    assert (outgoing.email, outgoing.external_id) == (None, "theirs")


@pytest.mark.parametrize("connected", [(), ("klaviyo",), ("postscript",)])
def test_what_is_not_connected_says_nothing(
    database: Database, programme: Programme, connected: tuple[str, ...]
) -> None:
    alone = Programme(database, programme.clock, make_tenant(database))
    alone.connect(*connected)
    alone.earn(alone.member(**ADA))
    alone.hear()
    assert {row.channel for row in alone.said()} == {
        channel for channel, of in (("email", "klaviyo"), ("sms", "postscript")) if of in connected
    }


def test_what_is_switched_off_says_nothing(programme: Programme) -> None:
    save(programme, Settings(switched_off=frozenset({"points_earned:sms"})))
    programme.earn(programme.member(**ADA))
    programme.hear()
    assert states(programme) == {"email": "queued"}


def test_sms_waits_for_the_end_of_the_night_in_the_stores_zone(programme: Programme) -> None:
    programme.ask("update stores set timezone = 'America/New_York'")
    programme.clock.at = at("2026-03-08T04:00:00")
    programme.earn(programme.member(**ADA))
    programme.hear()
    assert programme.waits(EMAIL) == [0]
    assert programme.waits(SMS) == [9 * 3600]
    assert programme.said()[1].due_at == at("2026-03-08T13:00:00")


def test_email_is_held_back_only_when_the_merchant_wants_it(programme: Programme) -> None:
    save(programme, Settings(quiet_email=True))
    programme.clock.at = at("2026-03-14T22:30:00")
    programme.earn(programme.member(**ADA))
    programme.hear()
    assert programme.waits(EMAIL) == programme.waits(SMS) == [37_800]


def test_what_was_said_and_dismissed_long_ago_is_forgotten(programme: Programme) -> None:
    member = programme.member(**ADA)
    for days in (0, 1):
        programme.clock.advance(days=days)
        programme.earn(member)
        programme.hear()
    programme.ask("update notifications set state = 'sent' where channel = 'email'")
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        dead = {"service": "Klaviyo", "reason": "HTTP 401"}
        service.hear(ctx, [Event("delivery.dead", "k", dead)])
        shown, _ = service.open_notices(ctx, 5)
        service.dismiss_notices(ctx, [notice.notice_id for notice in shown])
        assert service.forget_said(ctx) == 0
    programme.clock.advance(days=180)
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        assert service.forget_said(ctx) == 1
    programme.clock.advance(days=1)
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        assert service.forget_said(ctx) == 2
    assert [(row.channel, row.state) for row in programme.said()] == [("sms", "queued")] * 2


def test_the_platform_has_nobody_to_tell(database: Database) -> None:
    with database.transaction(PLATFORM) as ctx:
        service.hear(ctx, [Event("delivery.dead", "k", {"service": "PostHog", "reason": "500"})])
        assert ctx.db.scalar(text("select count(*) from merchant_notices")) == 0


def test_tenants_do_not_see_each_others_messages(database: Database, programme: Programme) -> None:
    programme.earn(programme.member(**ADA))
    programme.hear()
    other = make_tenant(database)
    with database.transaction(other.merchant_id) as ctx:
        assert ctx.db.scalar(text("select count(*) from notifications")) == 0
