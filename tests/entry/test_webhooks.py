"""What others tell us: verified, kept once, answered at once; everything else is refused."""

import base64
import logging
import random
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import urlencode

import jwt
import pytest

from tests.door import Door, json_bytes, order
from tests.factories import SECRET, make_tenant
from webapp.app import create_app
from webapp.core import routing, signatures
from webapp.core.crypto import SealedValueError
from webapp.core.inbox import StoredEvent
from webapp.features.accounts import service as accounts

RUN = "shopify:run:1"


def action(door: Door, **more: object) -> dict[str, object]:
    """What Flow sends for an action."""
    return {
        "shop_id": "1",
        "shopify_domain": door.tenant.shop,
        "action_run_id": RUN,
        "action_definition_id": "Award badge",
        "handle": "award-badge",
        "properties": {"customer_id": "7"},
        **more,
    }


def test_a_webhook_is_kept_sealed_with_what_its_headers_say(door: Door) -> None:
    answer = door.webhook(order(1), delivery="d-1", X_Shopify_Event_Id="e-1")
    assert (answer.status_code, answer.get_json()) == (200, {})
    (row,) = door.ask("select * from inbound_events")
    assert (row.source, row.topic, row.store_id) == ("shopify", "orders/paid", door.tenant.store_id)
    assert row.business_key == f"{door.tenant.store_id}:1"
    assert row.triggered_at == datetime(2026, 3, 14, 11, 59, 31, 877000, tzinfo=UTC)
    assert (row.received_at, row.applied_at) == (door.parts.clock.wall(), None)
    assert b"shopper7" not in row.body
    place = StoredEvent.place(door.tenant.merchant_id, "shopify", "d-1")
    assert door.parts.keys.open(row.body, place) == json_bytes(order(1)).decode()
    with pytest.raises(SealedValueError):
        door.parts.keys.open(row.body, StoredEvent.place("mer_x", "shopify", "d-1"))


def test_a_kept_event_waits_for_its_handler_and_no_other(door: Door) -> None:
    door.webhook(order(1))
    assert [tuple(row) for row in door.ask("select handler, attempts from deliveries")] == [
        ("orders.take_paid_orders", 0)
    ]


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({"delivery": "d-1"}, 1),
        ({"delivery": "d-2"}, 1),
        ({"delivery": "d-2", "topic": "orders/cancelled"}, 2),
        ({"delivery": "d-2", "payload": order(2)}, 2),
    ],
)
def test_the_same_order_is_kept_once_under_whatever_delivery_id(
    door: Door, second: dict[str, object], kept: int
) -> None:
    assert door.webhook(order(1), delivery="d-1").status_code == 200
    payload = second.pop("payload", order(1, updated_at="2027-01-01T00:00:00Z"))
    assert door.webhook(payload, **second).status_code == 200  # type: ignore[arg-type]
    assert (door.count("inbound_events"), door.count("deliveries")) == (kept, kept)


@pytest.mark.parametrize(
    ("later", "kept"), [("2026-03-14T10:00:00Z", 1), ("2026-03-14T10:00:01Z", 2)]
)
def test_a_customer_may_change_again(door: Door, later: str, kept: int) -> None:
    first = {"id": 7, "updated_at": "2026-03-14T10:00:00Z"}
    door.webhook(first, "customers/update", "d-1")
    door.webhook({**first, "updated_at": later}, "customers/update", "d-2")
    assert door.count("inbound_events") == kept


def test_two_subscriptions_of_one_topic_tell_one_event(door: Door) -> None:
    shop = {"id": 1, "myshopify_domain": door.tenant.shop}
    for delivery, event in (("d-1", "e-1"), ("d-2", "e-1"), ("d-3", "e-2")):
        door.webhook(shop, "app/uninstalled", delivery, X_Shopify_Event_Id=event)
    assert [row[2] for row in door.kept()] == ["d-1", "d-3"]


@pytest.mark.parametrize("topic", ["orders/edited", "planets/aligned"])
def test_a_topic_that_nobody_receives_is_answered_and_kept(door: Door, topic: str) -> None:
    payload = {"shop_domain": door.tenant.shop, "customer": {"id": 7}}
    assert door.webhook(payload, topic).status_code == 200
    assert [row[1] for row in door.kept()] == [topic]
    assert (door.count("outbox"), door.count("deliveries")) == (0, 0)


def test_what_shopify_signs_for_people_is_no_webhook(door: Door) -> None:
    claims = {"iss": f"https://{door.tenant.shop}/admin", "dest": f"https://{door.tenant.shop}"}
    token = jwt.encode({**claims, "sub": "1"}, SECRET, algorithm="HS256")
    query = urlencode([("code", "c"), ("shop", "other.myshopify.com"), ("timestamp", "1")])
    for body in (token.rpartition(".")[0], query, "[1, 2]", "[]", "{}", "7", "", "[1, 2"):
        signed = body.encode()
        assert door.webhook(signed, "app/uninstalled").status_code == 401
    given = base64.b64encode(base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")).decode()
    sent = token.rpartition(".")[0].encode()
    assert signatures.shopify_signature(sent, SECRET) == given
    assert door.count("inbound_events") == 0


def test_both_secrets_are_good_during_a_rotation(door: Door) -> None:
    with door.parts.database.before_tenant() as db:
        address = routing.tenant_of_shop(db, door.tenant.shop)
        assert address is not None
        accounts.rotate_app_secret(db, door.parts.keys, address.app_id, "newer")
    secrets = (SECRET, "newer", "older", "")
    answers = [
        door.webhook(order(n), secret=s, delivery=s).status_code for n, s in enumerate(secrets)
    ]
    assert answers == [200, 200, 401, 401]
    assert door.count("inbound_events") == 2


def test_mutated_requests_are_refused_and_leave_nothing(door: Door) -> None:
    body = json_bytes(order(1))
    given = signatures.shopify_signature(body, SECRET)
    chance = random.Random(2026)  # noqa: S311 - it makes test data, not secrets
    for _ in range(60):
        at = chance.randrange(len(given) - 1)
        wrong = given[:at] + chance.choice("+/xX0") + given[at + 1 :]
        changed = body.replace(b"30.50", b"%d" % chance.randrange(10**6))
        for sent, signature in ((body, wrong), (changed, given)):
            if (sent, signature) != (body, given):
                answer = door.webhook(sent, X_Shopify_Hmac_SHA256=signature)
                assert answer.status_code == 401
    assert door.count("inbound_events") == 0


def test_a_shop_we_do_not_know_is_answered_like_a_wrong_signature(door: Door) -> None:
    wrong = door.webhook(order(1), secret="guess")
    others = [
        door.webhook(order(1), X_Shopify_Shop_Domain=shop)
        for shop in ("nobody.myshopify.com", "", "nobody.example", "\u00e9.myshopify.com")
    ]
    assert {(a.status_code, a.data) for a in (wrong, *others)} == {(401, wrong.data)}


def test_a_body_that_names_another_shop_is_refused(door: Door) -> None:
    other = make_tenant(door.parts.database)
    for name in ("myshopify_domain", "shop_domain"):
        answer = door.webhook({name: other.shop}, "shop/redact")
        assert answer.status_code == 401


@pytest.mark.parametrize("missing", ["X_Shopify_Topic", "X_Shopify_Webhook_Id"])
def test_a_webhook_without_topic_or_id_is_refused(door: Door, missing: str) -> None:
    assert door.webhook(order(1), **{missing: ""}).status_code == 422


def test_one_merchant_never_sees_what_another_is_told(door: Door) -> None:
    other = Door(door.parts, door.web, make_tenant(door.parts.database))
    door.webhook(order(1), delivery="d-1")
    other.webhook(order(1), delivery="d-1")
    assert (door.count("inbound_events"), other.count("inbound_events")) == (1, 1)


def test_nothing_of_a_request_reaches_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    door.webhook(order(1))
    door.webhook(order(1), secret="guess")
    door.webhook({"id": "shopper7@shop.example"}, delivery="d-9")
    door.drain("orders.take_paid_orders")
    assert caplog.records
    assert not any(word in caplog.text for word in ("shopper7", "guess", SECRET + '"', "30.50"))


# Flow


def test_flow_actions_that_nobody_takes_are_final_and_say_so(door: Door) -> None:
    answer = door.flow(action(door))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")
    assert door.count("inbound_events") == 0


def test_a_flow_run_is_kept_once(actions: Door) -> None:
    assert [actions.flow(action(actions)).status_code for _ in range(3)] == [200, 200, 200]
    key = f"{actions.tenant.store_id}:{RUN}"
    assert actions.kept() == [("flow", "award-badge", RUN, key)]
    assert [row[0] for row in actions.ask("select handler from deliveries")] == ["some.handler"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"handle": "take-badge"}, 422),
        ({"action_run_id": None}, 422),
        ({"action_run_id": "x" * 129}, 422),
        ({"shopify_domain": "nobody.myshopify.com"}, 401),
        ({"shopify_domain": None}, 401),
    ],
)
def test_a_flow_action_must_be_the_one_that_was_signed(
    actions: Door, change: dict[str, object], status: int
) -> None:
    assert actions.flow(action(actions, **change)).status_code == status
    assert actions.count("inbound_events") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{"])
def test_flow_bodies_that_name_no_shop_are_refused(actions: Door, body: bytes) -> None:
    assert actions.flow(body).status_code == 401


def test_a_flow_action_signed_by_somebody_else_is_refused(actions: Door) -> None:
    assert actions.flow(action(actions), secret="guess").status_code == 401


# Slack


def joined(event_id: str = "Ev1") -> dict[str, object]:
    event = {"type": "team_join", "user": {"id": "U1", "profile": {"email": "a@shop.example"}}}
    return {"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": event}


def test_slack_is_answered_its_challenge(door: Door) -> None:
    answer = door.slack({"type": "url_verification", "challenge": "3eZbrw1aB"})
    assert (answer.status_code, answer.get_json()) == (200, {"challenge": "3eZbrw1aB"})
    assert door.kept_by_platform() == []


def test_slack_events_and_their_retries_are_kept_once_by_the_platform(door: Door) -> None:
    door.slack(joined())
    door.slack(joined(), X_Slack_Retry_Num="1", X_Slack_Retry_Reason="http_timeout")
    door.slack(joined("Ev2"))
    assert [row[:3] for row in door.kept_by_platform()] == [
        ("slack", "team_join", "Ev1"),
        ("slack", "team_join", "Ev2"),
    ]
    assert door.count("inbound_events") == 0


@pytest.mark.parametrize(
    ("payload", "headers", "stamp"),
    [
        (joined(), {"X_Slack_Signature": "v0=00"}, ""),
        (joined(), {"X_Slack_Signature": "é"}, ""),
        (joined(), {}, "yesterday"),
        (joined(), {}, "1773489299"),
        (joined(), {}, "1773489901"),
        (b'{"type": "\xff"}', {}, ""),
    ],
)
def test_forged_stale_and_strange_requests_of_slack_are_refused(
    door: Door, payload: object, headers: dict[str, str], stamp: str
) -> None:
    assert door.slack(payload, stamp, **headers).status_code == 401
    assert door.kept_by_platform() == []


def test_without_a_secret_no_event_of_slack_is_taken(door: Door) -> None:
    settings = replace(door.parts.settings, slack_signing_secrets=())
    parts = replace(door.parts, settings=settings)
    deaf = Door(parts, create_app(parts).test_client(), door.tenant)
    assert deaf.slack(joined()).status_code == 401


# Sizes


@pytest.mark.parametrize("path", ["/webhooks/shopify", "/flow/actions/x", "/slack/events"])
def test_a_body_that_is_announced_too_large_is_not_read(door: Door, path: str) -> None:
    announced = {"CONTENT_LENGTH": "10485760", "wsgi.input": Unreadable()}
    answer = door.web.post(path, environ_overrides=announced)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "body_too_large")


class Unreadable(BytesIO):
    """A body that nobody may touch."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("the body was read")

    def readinto(self, buffer: object) -> int:
        raise AssertionError("the body was read")


def test_a_large_order_is_taken(door: Door) -> None:
    assert door.webhook(order(1, note="x" * 3_000_000)).status_code == 200
