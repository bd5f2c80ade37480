"""The inbox: what Shopify, Flow and Slack tell us, kept once each and applied later, in sets.

A delivery is kept by one statement: its row here and, for a topic that somebody receives, an outbox
message that names the row, with one delivery a handler. From there on it is work like any other:
the same lanes, retries, dead ones and doorbells. What nobody receives is kept and shown as well.

The same thing told twice is kept once: by the sender's delivery id, and by the business key for
what reached us under another one. The body holds addresses of customers, so it is sealed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.context import Context, HandlerNames
from webapp.core.crypto import Place
from webapp.core.deliveries import Message
from webapp.core.schema import Base, Timestamp

# What is told to us as a whole and belongs to no merchant (Slack) is the platform's, which is a
# tenant of its own without stores or customers.
PLATFORM = "platform"
# Topics end in what happened. These happen once to an order, refund or customer...
ONCE = frozenset({"create", "paid", "cancelled", "delete"})
# ... and these again and again; the document says when. Of all others the sender's event counts.
AGAIN = frozenset({"update", "updated"})
EVENTS_A_BATCH = 500
MAX_SUBJECT = 128


class StoredEvent(Base):
    """One delivery that was kept. `triggered_at` is the sender's word for when it happened;
    `subject` whom it is about: a customer's id in the store, or `order:<id>`."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source", "delivery_id"),
        UniqueConstraint(
            "merchant_id", "source", "topic", "business_key", name="uq_inbound_events_business_key"
        ),
        Index(None, "merchant_id", "received_at"),
        Index(
            "idx_inbound_events_unapplied",
            "merchant_id",
            "subject",
            postgresql_where=text("applied_at is null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    store_id: Mapped[str | None] = mapped_column(Text)
    delivery_id: Mapped[str] = mapped_column(Text)
    business_key: Mapped[str | None] = mapped_column(Text)
    triggered_at: Mapped[datetime | None] = mapped_column(Timestamp)
    received_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    applied_at: Mapped[datetime | None] = mapped_column(Timestamp)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    subject: Mapped[str | None] = mapped_column(Text)

    @staticmethod
    def place(merchant_id: str, source: str, delivery_id: str) -> Place:
        """What a sealed body is bound to."""
        return Place("inbound_events", "body", merchant_id, f"{source}:{delivery_id}")

    SEALED: ClassVar = {
        "body": lambda row: StoredEvent.place(row.merchant_id, row.source, row.delivery_id)
    }


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery at the door, its signature verified. `document` is what `document` reads of the
    body. `event` is the sender's id of what happened, the same in every delivery of it, where there
    is one."""

    source: str
    topic: str
    delivery_id: str
    body: bytes
    document: Mapping[str, Any]
    store_id: str | None = None
    event: str | None = None
    triggered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One kept event on its way to a feature. `payload` is the body's JSON object."""

    event_id: int
    source: str
    topic: str
    store_id: str | None
    triggered_at: datetime | None
    received_at: datetime
    payload: Mapping[str, Any]


Receive = Callable[[Context, Sequence[InboundEvent]], None]


@dataclass(frozen=True, slots=True)
class Receiver:
    """The apply that hands kept events to a feature's function, in the order they came."""

    take: Receive
    batch: int = EVENTS_A_BATCH

    def __call__(self, ctx: Context, messages: Sequence[Message]) -> None:
        events = read_events(ctx, [int(message.payload["event_id"]) for message in messages])
        self.take(ctx, events)
        sql = text(
            "update inbound_events set applied_at = :wall "
            "where merchant_id = :merchant_id and event_id = any(:ids)"
        )
        ids = [event.event_id for event in events]
        ctx.db.execute(sql, {"wall": ctx.wall, "merchant_id": ctx.merchant_id, "ids": ids})


def outbox_topic(source: str, topic: str) -> str:
    """Under which topic an event of that kind travels to its handlers."""
    return f"in.{source}.{topic}"


def received_topics(handlers: HandlerNames, source: str) -> tuple[str, ...]:
    """The topics of `source` that some feature receives, in alphabetical order."""
    start = outbox_topic(source, "")
    return tuple(sorted(name.removeprefix(start) for name in handlers if name.startswith(start)))


def keep(ctx: Context, arrival: Arrival) -> bool:
    """Keep a delivery and let its handlers know; False when it was told to us before."""
    topic = outbox_topic(arrival.source, arrival.topic)
    handlers = ctx.handlers.get(topic, ())
    place = StoredEvent.place(ctx.merchant_id, arrival.source, arrival.delivery_id)
    values = {
        "merchant_id": ctx.merchant_id,
        "source": arrival.source,
        "topic": arrival.topic,
        "store_id": arrival.store_id,
        "delivery_id": arrival.delivery_id,
        "business_key": business_key(arrival),
        "triggered_at": arrival.triggered_at,
        "wall": ctx.wall,
        "body": ctx.keys.seal(arrival.body.decode("utf-8", "replace"), place),
        "subject": subject(arrival),
        "outbox_topic": topic,
        "handlers": list(handlers),
    }
    kept = ctx.db.scalar(_KEEP, values) is not None
    if kept:
        ctx.rings.update(handlers)
    return kept


_KEEP = text(
    """
    with kept as (
        insert into inbound_events (
            merchant_id, source, topic, store_id, delivery_id, business_key, triggered_at,
            received_at, body, subject
        ) values (
            :merchant_id, :source, :topic, :store_id, :delivery_id, :business_key, :triggered_at,
            :wall, :body, :subject
        )
        on conflict do nothing
        returning event_id
    ), said as (
        insert into outbox (merchant_id, topic, key, payload)
        select :merchant_id, :outbox_topic, event_id, jsonb_build_object('event_id', event_id)
        from kept where cardinality(cast(:handlers as text[])) > 0
        returning message_id
    ), wanted as (
        insert into deliveries (merchant_id, handler, message_id)
        select :merchant_id, h.handler, said.message_id
        from said cross join unnest(cast(:handlers as text[])) as h(handler)
    )
    select event_id from kept
    """
)


def business_key(arrival: Arrival) -> str | None:
    """What makes this event the same one whoever delivers it, under whatever delivery id; None
    when nothing but the delivery id does. A document's id is unique in its store."""
    word = arrival.topic.rpartition("/")[2]
    key, updated_at = arrival.document.get("id"), arrival.document.get("updated_at")
    if key is not None and word in ONCE:
        return f"{arrival.store_id}:{key}"
    if key is not None and updated_at and word in AGAIN:
        return f"{arrival.store_id}:{key}@{updated_at}"
    return f"{arrival.store_id}:{arrival.event}" if arrival.event else None


def subject(arrival: Arrival) -> str | None:
    """Whom an event of a shop is about: a customer, by the shop's own id, or `order:<id>` where no
    customer is named. So what is waiting about somebody is found, and what is kept about them, too,
    without opening every body."""
    if arrival.source != "shopify":
        return None
    said, topic = arrival.document, arrival.topic
    customer = said.get("customer")
    if isinstance(customer, Mapping) and customer.get("id") is not None:
        return _short(customer["id"])
    if topic.startswith(("customers/", "customers_")):
        kept = str(said.get("admin_graphql_api_customer_kept_id") or "").rpartition("/")[2]
        found = said.get("customer_id") or said.get("id") or kept
        orders = said.get("orders_requested") or said.get("orders_to_redact")
        if not found and isinstance(orders, list) and orders:
            found = f"order:{orders[0]}"
        return _short(found) if found else None
    order = said.get("id") if topic.startswith("orders/") else said.get("order_id")
    return _short(f"order:{order}") if order is not None else None


def _short(key: object) -> str:
    return str(key).replace("\0", "")[:MAX_SUBJECT]


def read_events(ctx: Context, event_ids: Sequence[int]) -> list[InboundEvent]:
    """Kept events with their bodies opened, oldest first. Raises ValueError for a body that is no
    JSON object."""
    sql = text(
        """
        select event_id, source, topic, store_id, triggered_at, received_at, delivery_id, body
        from inbound_events
        where merchant_id = :merchant_id and event_id = any(:ids)
        order by event_id
        """
    )
    values = {"merchant_id": ctx.merchant_id, "ids": list(event_ids)}
    found = []
    for row in ctx.db.execute(sql, values):
        place = StoredEvent.place(ctx.merchant_id, row.source, row.delivery_id)
        payload = json.loads(ctx.keys.open(row.body, place))
        if not isinstance(payload, dict):
            raise ValueError("the body is not a JSON object")
        told = row.store_id, row.triggered_at, row.received_at
        found.append(InboundEvent(row.event_id, row.source, row.topic, *told, payload))
    return found


def document(body: bytes) -> Mapping[str, Any]:
    """The body's JSON object, empty when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
