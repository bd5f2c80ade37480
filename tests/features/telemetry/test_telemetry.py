"""Product events: counted in our own tables exactly once, told to PostHog without any name."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs.drain import drain_for
from tests.factories import FixedClock, Tenant, make_tenant
from tests.standins import Standins
from webapp.core import delivery_log
from webapp.core.models import PlatformConnection
from webapp.core.tenancy import SYSTEM, Actor
from webapp.features.telemetry.domain.discretion import discreet, event_uuid
from webapp.gateways import open_gateways
from webapp.parts import Parts

COUNT, SEND = "telemetry.take_events", "telemetry.send.telemetry.counted"
ADMIN = Actor("admin", "adm_1")


@pytest.fixture
def parts(held: Parts, standins: Standins) -> Iterator[Parts]:
    """The rolled-back database, and the stand-ins in the place of every service."""
    urls = {**held.settings.service_urls, **standins.urls()}
    gateways = open_gateways(held.settings.shopify_admin_url, urls, held.settings.base_url)
    yield replace(held, gateways=gateways)
    gateways.caller.close()


@pytest.fixture
def tenant(parts: Parts) -> Tenant:
    return make_tenant(parts.database)


def connect(parts: Parts) -> None:
    """A key of PostHog, as an operator enters it."""
    sealed = parts.keys.seal('{"api_key": "phc_ours12345"}', PlatformConnection.place("posthog"))
    with parts.database.before_tenant() as db:
        db.execute(text("delete from platform_connections where service = 'posthog'"))
        row = {"credential_id": "cred_1", "hint": "phc_…", "updated_at": parts.clock.wall()}
        db.add(PlatformConnection(service="posthog", sealed=sealed, **row))


def track(
    parts: Parts, tenant: Tenant, *events: str, actor: Actor = SYSTEM, **more: str | int
) -> None:
    with parts.database.transaction(tenant.merchant_id, actor) as ctx:
        for event in events:
            ctx.track(event, **more)


def ask(parts: Parts, tenant: Tenant, sql: str) -> list[tuple]:
    with parts.database.transaction(tenant.merchant_id) as ctx:
        return [tuple(row) for row in ctx.db.execute(text(sql))]


def drain(parts: Parts, *handlers: str) -> None:
    for handler in handlers or (COUNT, SEND):
        drain_for(parts, handler, 5)


def test_events_are_counted_by_the_day(parts: Parts, tenant: Tenant, clock: FixedClock) -> None:
    track(parts, tenant, "multi_store_sync", "multi_store_sync", "slack_joined")
    drain(parts, COUNT)
    clock.advance(days=1)
    track(parts, tenant, "multi_store_sync")
    drain(parts, COUNT)
    day, next_day = clock.at.date() - timedelta(days=1), clock.at.date()
    sql = "select day, event, count from product_events order by day, event"
    assert ask(parts, tenant, sql) == [
        (day, "multi_store_sync", 2),
        (day, "slack_joined", 1),
        (next_day, "multi_store_sync", 1),
    ]


def test_without_a_connection_nothing_waits(parts: Parts, tenant: Tenant) -> None:
    track(parts, tenant, "multi_store_sync")
    drain(parts)
    assert ask(parts, tenant, "select handler from deliveries") == []
    assert ask(parts, tenant, "select count from product_events") == [(1,)]


def test_posthog_hears_of_several_events_in_one_call(
    parts: Parts, tenant: Tenant, standins: Standins, clock: FixedClock
) -> None:
    connect(parts)
    track(parts, tenant, "multi_store_sync", stores=2)
    track(parts, tenant, "slack_joined", actor=ADMIN)
    drain(parts)
    assert standins.calls("posthog") == 1
    received = standins.received("posthog")
    said = {entry["kind"]: entry["said"] for entry in received.values()}
    sync, joined = said["multi_store_sync"], said["slack_joined"]
    assert (sync["distinct_id"], joined["distinct_id"]) == (tenant.merchant_id, "adm_1")
    sql = "select distinct jsonb_path_query(payload, '$.events[*].at')::text from outbox"
    assert ask(parts, tenant, sql) == [(f'"{clock.at.isoformat()}"',)]
    assert sync["properties"] == {
        "stores": 2,
        "actor": "system",
        "$geoip_disable": True,
        "$groups": {"merchant": tenant.merchant_id},
    }
    assert all(uuid.UUID(key) for key in received)


def test_an_event_whose_answer_was_lost_is_counted_once(
    parts: Parts, tenant: Tenant, standins: Standins
) -> None:
    connect(parts)
    track(parts, tenant, "multi_store_sync", "slack_joined")
    standins.faults("posthog", [{"drop": True, "applied": True}])
    drain(parts)
    ask(parts, tenant, "update deliveries set due_at = clock_timestamp() returning 1")
    drain(parts, SEND)
    assert (standins.calls("posthog"), ask(parts, tenant, "select 1 from deliveries")) == (2, [])
    assert set(standins.effects("posthog").values()) == {1}
    assert ask(parts, tenant, "select sum(count) from product_events") == [(2,)]


def test_what_waits_when_the_connection_ends_is_dropped(
    parts: Parts, tenant: Tenant, standins: Standins
) -> None:
    connect(parts)
    track(parts, tenant, "multi_store_sync")
    drain(parts, COUNT)
    with parts.database.before_tenant() as db:
        db.execute(text("delete from platform_connections where service = 'posthog'"))
    drain(parts, SEND)
    assert (standins.calls("posthog"), ask(parts, tenant, "select 1 from deliveries")) == (0, [])


def test_no_address_and_no_id_of_a_shopper_leaves(
    parts: Parts, tenant: Tenant, standins: Standins
) -> None:
    connect(parts)
    shopper = {
        "customer_id": "cus_123",
        "whose": "cus_123",
        "email": "x",
        "first_name": "Ada",
        "contact": "ada@example.com",
        "call": "+49 151 2345678",
        "reward": "10 % off",
    }
    track(parts, tenant, "wallet_exported", **shopper)
    drain(parts)
    (entry,) = standins.received("posthog").values()
    told = entry["said"]["properties"]
    assert set(told) == {"customer_id", "whose", "reward", "actor", "$geoip_disable", "$groups"}
    assert told["customer_id"] == told["whose"]
    sent = json.dumps(entry["said"])
    for word in ("cus_123", "Ada", "ada@", "2345678"):
        assert word not in sent


def test_ids_are_hashed_by_merchant_and_events_named_for_ever() -> None:
    here, there = (discreet(m, {"customer_id": "cus_1"})["customer_id"] for m in ("a", "b"))
    assert here != there
    assert event_uuid("mer_1", 7) == event_uuid("mer_1", 7) != event_uuid("mer_2", 7)


def test_log_of_deliveries_is_tidied_every_day(
    parts: Parts, tenant: Tenant, clock: FixedClock
) -> None:
    days = (delivery_log.KEPT.days - 1, delivery_log.KEPT.days + 1)
    with parts.database.transaction(tenant.merchant_id) as ctx:
        for number, age in enumerate(days):
            sent_at = clock.at - timedelta(days=age)
            row = {"message_id": number, "topic": "t", "attempts": 1, "took_ms": 5}
            own = {"merchant_id": tenant.merchant_id, "handler": "h", "destination": "slack"}
            ctx.db.add(delivery_log.SentDelivery(**own, **row, sent_at=sent_at))
        ctx.emit("every.daily", "2026-03-14", {})
    drain(parts, "telemetry.prune_delivery_log")
    assert ask(parts, tenant, "select message_id from delivery_log") == [(0,)]


def test_messages_that_everybody_has_heard_are_forgotten_after_ninety_days(
    parts: Parts, tenant: Tenant, clock: FixedClock
) -> None:
    with parts.database.transaction(tenant.merchant_id) as ctx:
        for days, key in ((91, "old"), (91, "open"), (91, "dead"), (89, "new")):
            topic = "points.changed" if key in ("open", "dead") else "nobody.hears"
            ctx.db.execute(
                text(
                    "insert into outbox (merchant_id, topic, key, payload, created_at)"
                    " values (:m, :topic, :key, '{}', :at)"
                ),
                {
                    "m": tenant.merchant_id,
                    "topic": topic,
                    "key": key,
                    "at": clock.at - timedelta(days=days),
                },
            )
        ctx.db.execute(
            text(
                "insert into deliveries (merchant_id, handler, message_id, dead_at)"
                " select merchant_id, 'h', message_id, case when key = 'dead' then now() end"
                " from outbox where topic = 'points.changed'"
            )
        )
        ctx.emit("every.daily", "2026-03-14", {})
    drain(parts, "telemetry.forget_messages")
    left = ask(parts, tenant, "select key from outbox where topic <> 'every.daily' order by key")
    assert left == [("dead",), ("new",), ("open",)]
