"""The Messages page and the notices on the overview, as a merchant uses them."""

import re

import pytest
from flask.testing import FlaskClient

from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock, make_tenant
from tests.features.notifications.conftest import Programme
from tests.features.notifications.test_hearing import ADA
from webapp.app import create_app
from webapp.core import discovery, i18n
from webapp.core.connections import service_name
from webapp.parts import Parts


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


@pytest.fixture
def signed_in(held: Parts, web: FlaskClient, clock: FixedClock) -> Programme:
    made = Programme(held.database, clock, make_tenant(held.database))
    sign_in(held, web, made.tenant)
    return made


def send(web: FlaskClient, action: str, **fields: object) -> str:
    """Send a form of the page as it stands, and follow where it leads; the page then shown."""
    page = web.get("/admin/messages").text
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    form = {"form_token": found[1], **fields}
    return web.post(f"/admin/messages/{action}", data=form, follow_redirects=True).text


def dead(programme: Programme, destination: str, number: int) -> None:
    payload = {
        "handler": "points.send.points.changed",
        "service": service_name(destination),
        "topic": "points.changed",
        "message_id": number,
        "reason": "HTTP 401",
    }
    with programme.database.transaction(programme.tenant.merchant_id) as ctx:
        ctx.emit("delivery.dead", f"h:{number}", payload)


def test_a_channel_that_is_not_connected_says_so(web: FlaskClient, signed_in: Programme) -> None:
    assert web.get("/admin/messages").text.count("Nothing is sent this way.") == 2
    signed_in.connect("klaviyo")
    page = web.get("/admin/messages").text
    assert page.count("Nothing is sent this way.") == 1
    assert "Connect Klaviyo" not in page


def test_every_message_is_shown_in_every_language(web: FlaskClient, signed_in: Programme) -> None:
    for locale in i18n.LOCALES:
        marks = f'lang="{locale}" dir="{i18n.direction(locale)}"'
        for name, said in discovery.notifications().items():
            page = web.get(f"/admin/messages?message={name}&language={locale}").text
            head, _, main = page.partition("<main")
            assert '<html lang="en" dir="ltr">' in head
            assert main.count(marks) == len(said.channels), (name, locale)
            assert "%(" not in main


def test_a_preview_shows_what_was_last_said(web: FlaskClient, signed_in: Programme) -> None:
    address = "/admin/messages?message=points_earned&language=de&values=real"
    assert "Nothing has been said yet, so the values are made up." in web.get(address).text
    signed_in.connect("klaviyo")
    signed_in.earn(signed_in.member(**ADA))
    signed_in.hear()
    page = web.get(address).text
    assert "1.234" in page
    assert "Nothing has been said yet" not in page


def test_switches_are_kept(web: FlaskClient, signed_in: Programme) -> None:
    page = send(web, "switch", on=["points_earned:email", "import_finished:dashboard"])
    assert "Saved." in page
    boxes = re.findall(r'name="on" value="([^"]+)"( checked)?', page)
    assert {name for name, on in boxes if on} == {
        "points_earned:email",
        "import_finished:dashboard",
    }
    assert len(boxes) > 2


def test_quiet_hours_are_kept_and_a_wrong_time_is_refused(
    web: FlaskClient, signed_in: Programme
) -> None:
    page = send(web, "quiet", quiet_from="22:30", quiet_until="07:15", quiet_email="yes")
    assert 'value="22:30"' in page
    assert 'value="07:15"' in page
    for wrong in ("25:00", "", "9", "09:00:30", "09:00+01:00"):
        refused = send(web, "quiet", quiet_from=wrong, quiet_until="07:00")
        assert 'role="alert"' in refused, wrong
    ((kept,),) = signed_in.ask("select quiet_from::text from notification_settings")
    assert kept == "22:30:00"


def test_last_messages_show_state_and_reason_and_no_address(
    web: FlaskClient, signed_in: Programme
) -> None:
    signed_in.connect("klaviyo", "postscript")
    signed_in.earn(signed_in.member(**{**ADA, "sms_consent": "pending"}))
    signed_in.hear()
    signed_in.ask(
        "update deliveries set dead_at = now(), reason = 'HTTP 401' where handler like '%email'"
    )
    page = web.get("/admin/messages").text
    for shown in ("Given up", "HTTP 401", "Not sent", "The shopper has not agreed"):
        assert shown in page
    assert "example.org" not in page
    assert "5550100" not in page


def test_a_message_that_waits_says_until_when(web: FlaskClient, signed_in: Programme) -> None:
    signed_in.connect("postscript")
    signed_in.clock.advance(hours=10)
    signed_in.earn(signed_in.member(**ADA))
    signed_in.hear()
    assert "Quiet hours end at Mar 15, 2026" in web.get("/admin/messages").text


def test_notices_of_a_day_add_up_until_dismissed(web: FlaskClient, signed_in: Programme) -> None:
    for number in range(3):
        dead(signed_in, "shopify", number)
    dead(signed_in, "klaviyo", 7)
    signed_in.hear()
    page = web.get("/admin/").text
    assert "3 deliveries were given up" in page
    assert "1 delivery was given up" in page
    ids = re.findall(r'<h3 id="(not_[^"]+)">', page)
    assert len(ids) == 2
    assert "What happened" not in send(web, "dismiss", notice=ids)
    dead(signed_in, "shopify", 9)
    signed_in.hear()
    assert "1 delivery was given up" in web.get("/admin/").text


def test_a_notice_speaks_the_readers_language(web: FlaskClient, signed_in: Programme) -> None:
    dead(signed_in, "shopify", 1)
    signed_in.hear()
    words = discovery.notifications()["delivery_dead"].subject.text
    page = web.get("/admin/?locale=ar").text
    assert i18n.plural("ar", words[0], words[1], words[2], 1) in page


def test_a_switched_off_notice_is_not_shown(web: FlaskClient, signed_in: Programme) -> None:
    send(web, "switch", on=["import_finished:dashboard"])
    dead(signed_in, "shopify", 1)
    signed_in.hear()
    assert "given up" not in web.get("/admin/").text


def test_an_analyst_does_not_see_messages(held: Parts, web: FlaskClient) -> None:
    sign_in(held, web, make_tenant(held.database), "analyst")
    assert web.get("/admin/messages").status_code == 403
