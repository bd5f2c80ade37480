"""The web application as those who tell us things see it, and what became of it.

The fixture `door` is rolled back; `committed_door` has a database of its own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, Row, text
from werkzeug.test import TestResponse

from jobs.drain import drain_for
from tests.conftest import KEYS
from tests.factories import SECRET, FixedClock, NoCache, Tenant, make_tenant
from webapp.app import create_app
from webapp.core import signatures
from webapp.core.crypto import KeyRing
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.parts import Parts

SLACK_SECRET = "slack signing secret"


def json_bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def order(
    number: int, customer: int | None = 7, amount: str = "30.50", **more: Any
) -> dict[str, Any]:
    """An orders/paid payload as Shopify sends it, as far as we read it."""
    money = {"amount": amount, "currency_code": "USD"}
    buyer = {
        "id": customer,
        "email": f"shopper{customer}@shop.example",
        "phone": f"+4930000{customer}",
        "updated_at": "2026-03-14T06:58:00-05:00",
        "email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in"},
        "sms_marketing_consent": None,
    }
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "test": False,
        "cancelled_at": None,
        "created_at": "2026-03-14T06:59:00-05:00",
        "processed_at": "2026-03-14T06:59:00-05:00",
        "updated_at": "2026-03-14T06:59:30-05:00",
        "total_price": amount,
        "total_price_set": {"shop_money": money, "presentment_money": money},
        "customer_locale": "de-DE",
        "customer": buyer if customer is not None else None,
        **more,
    }


@dataclass(frozen=True)
class Door:
    """One tenant's shop, knocking."""

    parts: Parts
    web: FlaskClient
    tenant: Tenant

    def webhook(
        self,
        payload: object,
        topic: str = "orders/paid",
        delivery: str = "d-1",
        secret: str = SECRET,
        **headers: str,
    ) -> TestResponse:
        body = json_bytes(payload)
        sent = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Webhook-Id": delivery,
            "X-Shopify-Shop-Domain": self.tenant.shop,
            "X-Shopify-Triggered-At": "2026-03-14T11:59:31.877041743Z",
            "X-Shopify-Hmac-SHA256": signatures.shopify_signature(body, secret),
        }
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.web.post("/webhooks/shopify", data=body, headers=sent)

    def flow(
        self, payload: Mapping[str, Any] | bytes, handle: str = "award-badge", secret: str = SECRET
    ) -> TestResponse:
        body = json_bytes(payload)
        sent = {"X-Shopify-Hmac-SHA256": signatures.shopify_signature(body, secret)}
        return self.web.post(f"/flow/actions/{handle}", data=body, headers=sent)

    def slack(self, payload: object, stamp: str = "", **headers: str) -> TestResponse:
        body = json_bytes(payload)
        stamp = stamp or str(int(self.parts.clock.wall().timestamp()))
        sent = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signatures.slack_signature(body, stamp, SLACK_SECRET),
        }
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.web.post("/slack/events", data=body, headers=sent)

    def drain(self, *handlers: str) -> None:
        for handler in handlers:
            drain_for(self.parts, handler, 10.0)

    def ask(self, sql: str, merchant_id: str = "", **values: object) -> list[Row[Any]]:
        with self.parts.database.transaction(merchant_id or self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql), values)
            return list(found) if found.returns_rows else []

    def count(self, table: str, merchant_id: str = "") -> int:
        return int(self.ask(f"select count(*) from {table}", merchant_id)[0][0])  # noqa: S608 - named by tests

    def kept(self, merchant_id: str = "") -> list[tuple[Any, ...]]:
        """(source, topic, delivery id, business key) of what the inbox holds, oldest first."""
        sql = (
            "select source, topic, delivery_id, business_key from inbound_events order by event_id"
        )
        return [tuple(row) for row in self.ask(sql, merchant_id)]

    def kept_by_platform(self) -> list[tuple[Any, ...]]:
        return self.kept(PLATFORM)


@pytest.fixture
def door(held: Parts) -> Door:
    settings = replace(held.settings, slack_signing_secrets=(SLACK_SECRET,))
    parts = replace(held, settings=settings)
    return Door(parts, create_app(parts).test_client(), make_tenant(held.database))


@pytest.fixture
def actions(door: Door, engine: Engine, clock: FixedClock) -> Iterator[Door]:
    """A door behind which somebody takes the Flow action award-badge."""
    with engine.connect() as connection:
        outer = connection.begin()
        handlers = {"in.flow.award-badge": ("some.handler",)}
        database = Database(
            connection,
            clock=clock,
            cache=NoCache(),
            keys=KeyRing(KEYS),
            handlers=handlers,
            ring=lambda names: None,
        )
        parts = replace(door.parts, database=database)
        yield Door(parts, create_app(parts).test_client(), make_tenant(database))
        outer.rollback()


@pytest.fixture
def committed_door(committed: Parts) -> Door:
    web = create_app(committed).test_client()
    return Door(committed, web, make_tenant(committed.database))
