"""Reads for the Received page: what others told us and what became of it, and whether shops tell
us of everything.

The state of an event is that of its deliveries: waiting, failed (given up), applied, or kept, when
nobody receives its topic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context

STATES = ("waiting", "failed", "applied", "kept")
ROWS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event, without what it says: `shop` is None for what comes from no shop, `triggered_at`
    the sender's time of it, `reason` why it could not be applied."""

    event_id: int
    source: str
    topic: str
    shop: str | None
    triggered_at: datetime | None
    received_at: datetime
    applied_at: datetime | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class ShopSubscriptions:
    """How many topics a shop tells us of, of those it is asked for; `refused` holds topics it does
    not, with the reason. `lost_at` is when some were found missing the last time."""

    shop: str
    connected: bool
    topics: int
    told: int
    checked_at: datetime | None
    lost_at: datetime | None
    refused: Mapping[str, str]


def events(ctx: Context, source: str, topic: str, state: str, page: int) -> Sequence[ReceivedEvent]:
    """A page of events, newest first, and one more when there is another page. Empty filters stand
    for everything."""
    values = {
        "merchant_id": ctx.merchant_id,
        "source": source,
        "topic": topic,
        "state": state,
        "receivers": receivers(ctx),
        "most": ROWS_A_PAGE + 1,
        "skip": (page - 1) * ROWS_A_PAGE,
    }
    sql = _EVENTS.format(only=_ONLY.get(state, ""))
    return [ReceivedEvent(*row) for row in ctx.db.execute(text(sql), values)]


def receivers(ctx: Context) -> list[str]:
    """The handlers of what comes in, whose deliveries are few among all others."""
    heard = (names for topic, names in ctx.handlers.items() if topic.startswith("in."))
    return sorted({name for names in heard for name in names})


# Few events wait or have failed, so these are found from their deliveries.
_UNFINISHED = """
    and e.event_id in (
        select o.key::bigint
        from deliveries d join outbox o using (merchant_id, message_id)
        where d.merchant_id = :merchant_id and d.handler = any(:receivers)
          and o.topic like 'in.%'
    )
"""
_ONLY = {
    "waiting": _UNFINISHED,
    "failed": _UNFINISHED,
    "applied": "and e.applied_at is not null",
    "kept": "and e.applied_at is null",
}
_EVENTS = """
select e.event_id, e.source, e.topic, s.shop_domain, e.triggered_at, e.received_at, e.applied_at,
       now.state, now.reason
from inbound_events e
left join stores s on s.merchant_id = e.merchant_id and s.store_id = e.store_id
cross join lateral (
    select max(d.reason) as reason, case
        when bool_or(d.dead_at is not null) then 'failed'
        when count(*) > 0 then 'waiting'
        when e.applied_at is not null then 'applied'
        else 'kept' end as state
    from outbox o
    join deliveries d on d.merchant_id = o.merchant_id and d.message_id = o.message_id
    where o.merchant_id = e.merchant_id and o.topic = 'in.' || e.source || '.' || e.topic
      and o.key = e.event_id::text
) as now
where e.merchant_id = :merchant_id {only}
  and (:source = '' or e.source = :source) and (:topic = '' or e.topic = :topic)
  and (:state = '' or now.state = :state)
order by e.event_id desc
limit :most offset :skip
"""


def counts(ctx: Context) -> tuple[int, int, int]:
    """(received in the last 24 hours, waiting, given up) of all sources."""
    values = {"merchant_id": ctx.merchant_id, "wall": ctx.wall, "receivers": receivers(ctx)}
    received, waiting, failed = ctx.db.execute(text(_COUNTS), values).one()
    return int(received), int(waiting), int(failed)


_COUNTS = """
select
    (
        select count(*) from inbound_events
        where merchant_id = :merchant_id and received_at > :wall - interval '24 hours'
    ),
    count(*) filter (where d.dead_at is null), count(*) filter (where d.dead_at is not null)
from deliveries d join outbox o using (merchant_id, message_id)
where d.merchant_id = :merchant_id and d.handler = any(:receivers) and o.topic like 'in.%'
"""


def strange_topics(ctx: Context) -> Sequence[str]:
    """Topics of events that nobody has applied."""
    sql = """
    select distinct topic from inbound_events
    where merchant_id = :merchant_id and applied_at is null
    """
    return [str(t) for t in ctx.db.scalars(text(sql), {"merchant_id": ctx.merchant_id})]


def subscriptions(ctx: Context, wanted: int) -> Sequence[ShopSubscriptions]:
    """Every store by domain; `wanted` is how many topics a shop is asked for."""
    values = {"merchant_id": ctx.merchant_id}
    return [
        ShopSubscriptions(shop, connected, wanted, told, checked_at, lost_at, dict(refused or {}))
        for shop, connected, told, checked_at, lost_at, refused in ctx.db.execute(
            text(_SUBSCRIPTIONS), values
        )
    ]


_SUBSCRIPTIONS = """
select s.shop_domain, s.access_token is not null,
       count(w.subscribed_at) filter (where w.reason is null)::integer,
       max(w.checked_at), max(w.lost_at),
       jsonb_object_agg(w.topic, w.reason) filter (where w.reason is not null)
from stores s
left join webhook_subscriptions w on w.merchant_id = s.merchant_id and w.store_id = s.store_id
where s.merchant_id = :merchant_id
group by s.shop_domain, s.access_token
order by s.shop_domain
"""
