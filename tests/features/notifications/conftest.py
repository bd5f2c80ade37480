"""A shop whose members earn points, and whose merchant has accounts at Klaviyo and Postscript."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Row, text

from tests.factories import FixedClock, Tenant, make_tenant
from webapp.core import deliveries
from webapp.core.connections import MERCHANT_SERVICES
from webapp.core.db import Database
from webapp.core.models import Connection
from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore
from webapp.features.notifications import service
from webapp.features.notifications.jobs import notify
from webapp.features.notifications.messages import Outgoing
from webapp.features.orders.domain.people import Consent, Contact
from webapp.features.orders.service.contacts import keep_consents, keep_contacts

NOTIFY = "notifications.notify"
EMAIL, SMS = "notifications.send.notifications.email", "notifications.send.notifications.sms"
KEYS = {"klaviyo": "pk_0123456789abcdef", "postscript": "sk_0123456789abcdef"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Programme:
    """What the tests do with the members of one shop."""

    database: Database
    clock: FixedClock
    tenant: Tenant

    def connect(self, *services: str) -> None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            for name in services:
                values = dict.fromkeys(MERCHANT_SERVICES[name], KEYS[name])
                place = Connection.place(ctx.merchant_id, name)
                ctx.db.add(
                    Connection(
                        merchant_id=ctx.merchant_id,
                        service=name,
                        credential_id="c1",
                        sealed=ctx.keys.seal(json.dumps(values), place),
                        hint="",
                        updated_at=ctx.wall,
                    )
                )

    def member(self, **contact: str | None) -> str:
        """A member who is one customer of the shop; what `contact` does not say is unknown."""
        customer_id, external_id = new_id("cus_"), str(next(_numbers))
        values = {"m": self.tenant.merchant_id, "c": customer_id, "e": external_id}
        self.ask("insert into users values (:m, :c, :c)", **values)
        identity = "insert into customer_identities values (:m, :s, :e, :c)"
        self.ask(identity, s=self.tenant.store_id, **values)
        if contact:
            self.reach(customer_id, **contact)
        return customer_id

    def reach(self, customer_id: str, **contact: str | None) -> None:
        """What the shop says now about how to reach a member."""
        sql = "select external_id from customer_identities where customer_id = :c"
        ((external_id,),) = self.ask(sql, c=customer_id)
        at, addresses = self.clock.wall(), (contact.get("email"), contact.get("phone"))
        told = Contact(
            external_id, *addresses, contact.get("locale"), email_verified=False, updated_at=at
        )
        consents = [
            Consent("email", external_id, contact.get("email_consent"), False, addresses[0], at),
            Consent("sms", external_id, contact.get("sms_consent"), False, addresses[1], at),
        ]
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            keep_contacts(ctx, self.tenant.store_id, [told])
            keep_consents(ctx, self.tenant.store_id, consents)

    def add_store(self) -> str:
        """One more store of the merchant."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            app_id = ctx.db.scalars(text("select app_id from stores")).one()
            shop = f"more-{next(_numbers)}.myshopify.com"
            return accounts.connect_store(ctx, ConnectStore(shop, app_id, "USD", "UTC", None))

    def earn(self, customer_id: str, key: str = "", store_id: str = "") -> None:
        """Say that a member earned 30 points."""
        payload = {
            "store_id": store_id or self.tenant.store_id,
            "customer_id": customer_id,
            "points": 30,
            "balance": 1234,
        }
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            ctx.emit("points.earned", key or f"k{next(_numbers)}", payload)

    def hear(self) -> None:
        """What a worker does when the bell of notifications rings."""
        merchant_id = self.tenant.merchant_id
        with self.database.transaction(merchant_id) as ctx:
            messages = deliveries.claim(ctx.db, merchant_id, NOTIFY, 100)
            notify(ctx, messages)
            deliveries.finish(ctx.db, merchant_id, NOTIFY, messages)

    def said(self) -> Sequence[Row[Any]]:
        """The messages to shoppers, e-mail first."""
        return self.ask("select * from notifications order by created_at, channel, customer_id")

    def prepare(self, notification_id: str) -> Outgoing | None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            return service.prepare_message(ctx, notification_id)

    def waits(self, handler: str) -> list[int]:
        """Seconds until each open delivery of a handler is due."""
        sql = """
            select round(extract(epoch from due_at - clock_timestamp()))::int from deliveries
            where handler = :handler and dead_at is null order by due_at
        """
        return [max(0, seconds) for (seconds,) in self.ask(sql, handler=handler)]

    def ask(self, sql: str, **values: object) -> list[Row[Any]]:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql), values)
            return list(found) if found.returns_rows else []


@pytest.fixture
def programme(database: Database, clock: FixedClock) -> Programme:
    """It is noon, and both accounts are connected; everything is rolled back."""
    made = Programme(database, clock, make_tenant(database))
    made.connect("klaviyo", "postscript")
    return made


def at(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+00:00")
