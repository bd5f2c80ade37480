"""What each client sends, as the service it is for counts it, and what it makes of a refusal."""

from datetime import UTC, datetime

import pytest

from tests.jobs.outside import key_of
from tests.standins import Standins
from webapp.core.connections import Credentials
from webapp.demo.connections import KEYS
from webapp.gateways import Gateways, open_gateways
from webapp.gateways.calling import GatewayError
from webapp.gateways.klaviyo import KlaviyoEvent
from webapp.gateways.posthog import ProductEvent
from webapp.gateways.postscript import PostscriptEvent
from webapp.gateways.storage import MissingError, Stored
from webapp.gateways.xai import Completion

WHEN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def gateways(standins: Standins) -> Gateways:
    return open_gateways("https://{shop}", standins.urls(), "http://127.0.0.1")


def key(service: str) -> Credentials:
    return Credentials(service, KEYS[service], f"{service}:test:1")


def test_klaviyo_counts_an_event_once(gateways: Gateways, standins: Standins) -> None:
    profile = {"email": "anna@example.com", "properties": {"loyalnest_points_balance": 7}}
    event = KlaviyoEvent("Earned Points", profile, {"points": 7}, "d-1", WHEN)
    for _ in range(2):
        gateways.klaviyo.send_event(key("klaviyo"), event)
    assert standins.effects("klaviyo") == {"d-1": 1}
    assert standins.received("klaviyo")["d-1"]["kind"] == "Earned Points"


def test_klaviyo_says_by_a_code_what_it_refuses(gateways: Gateways, standins: Standins) -> None:
    standins.faults("klaviyo", [{"status": 400}])
    event = KlaviyoEvent("Earned Points", {"email": "anna@example.com"}, {}, "d-1", WHEN)
    with pytest.raises(GatewayError) as error:
        gateways.klaviyo.send_event(key("klaviyo"), event)
    assert str(error.value) == "HTTP 400: invalid"
    assert error.value.final


def test_postscript_is_told_when_in_its_own_form(gateways: Gateways, standins: Standins) -> None:
    event = PostscriptEvent("earned_points", {"points": 7}, "d-1", WHEN, phone="+491701234567")
    gateways.postscript.send_event(key("postscript"), event)
    assert standins.effects("postscript") == {"d-1": 1}


def test_postscripts_rate_limit_is_a_pause(gateways: Gateways) -> None:
    pauses = []
    for number in range(20):
        event = PostscriptEvent("earned_points", {}, f"d-{number}", WHEN, subscriber_id="7")
        try:
            gateways.postscript.send_event(key("postscript"), event)
        except GatewayError as error:
            pauses.append((error.after, error.final, error.credential))
    assert set(pauses) == {(1.0, False, False)}


def test_posthog_counts_a_batch_once(gateways: Gateways, standins: Standins) -> None:
    ids = ["0189d1f0-0000-7000-8000-00000000000a", "0189d1f0-0000-7000-8000-00000000000b"]
    events = [
        ProductEvent("points_earned", "mer_1", uuid, WHEN, {"points": 7}, {"merchant": "mer_1"})
        for uuid in ids
    ]
    for _ in range(2):
        gateways.posthog.capture(key("posthog"), events)
    assert standins.effects("posthog") == dict.fromkeys(ids, 1)


def test_slack_gives_the_ts_of_a_message(gateways: Gateways) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]
    assert float(gateways.slack.post_message(key("slack"), "C0000000001", "hello", blocks)) > 0


def test_a_word_of_slacks_says_whether_the_token_is_bad(gateways: Gateways) -> None:
    wrong = Credentials("slack", key_of("slack", False), "slack:test:2")
    with pytest.raises(GatewayError) as refused:
        gateways.slack.post_message(wrong, "C0000000001", "hello")
    assert (refused.value.credential, refused.value.final) == (True, False)


def test_xai_answers_with_a_text(gateways: Gateways) -> None:
    schema = {"type": "object", "properties": {"headline": {"type": "string"}}}
    messages = [("system", "You word texts."), ("user", "segment Loyal, 12 members")]
    plain = Completion("grok-4", messages, 200)
    assert gateways.xai.complete(key("xai"), plain)
    worded = Completion("grok-4", messages, 200, "nudge", schema)
    assert gateways.xai.complete(key("xai"), worded).startswith("{")


def test_the_partner_api_is_asked_for_its_versions(gateways: Gateways) -> None:
    found = gateways.partner.query(key("partner"), "query { publicApiVersions { handle } }", {})
    assert found["publicApiVersions"]


def test_a_file_is_put_read_and_removed(gateways: Gateways) -> None:
    credentials, storage = key("storage"), gateways.storage
    assert storage.head(credentials, "a/b.txt") is None
    storage.put(credentials, "a/b.txt", b"hello", "text/plain")
    assert storage.get(credentials, "a/b.txt", 100) == b"hello"
    found = storage.head(credentials, "a/b.txt")
    assert isinstance(found, Stored)
    assert (found.size, found.content_type) == (5, "text/plain")
    with pytest.raises(GatewayError, match="too long"):
        storage.get(credentials, "a/b.txt", 4)
    storage.delete(credentials, "a/b.txt")
    with pytest.raises(MissingError):
        storage.get(credentials, "a/b.txt", 100)


@pytest.mark.parametrize(
    ("fault", "final", "credential"),
    [
        ({"status": 500}, False, False),
        ({"status": 503}, False, False),
        ({"status": 403}, False, True),
        ({"drop": True}, False, False),
        ({"half": True}, False, False),
    ],
)
def test_a_failing_storage_is_tried_once(
    gateways: Gateways,
    standins: Standins,
    fault: dict[str, object],
    final: bool,
    credential: bool,
) -> None:
    standins.faults("storage", [fault] * 5)
    with pytest.raises(GatewayError) as error:
        gateways.storage.put(key("storage"), "a", b"hello", "text/plain")
    assert (error.value.final, error.value.credential) == (final, credential)
    assert standins.calls("storage") == 1
