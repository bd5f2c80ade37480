"""What stores have told us of a member and no worker has come to yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from webapp.core import applying
from webapp.core.context import Context

# Who enters what orders bring and refunds take back; see `jobs.ledger`.
LEDGER = "points.award_orders"
# A refund may wait for its order, and the points of both for those.
MOST_ROUNDS = 4
MOST_AT_ONCE = 200
GID = "gid://shopify/Customer/"


def apply_backlog(ctx: Context, member: str) -> None:
    """Apply what is known of this member's orders and refunds and not yet in the ledger.

    It costs one query when there is nothing. A lane that is being worked is waited for only a
    moment; what is in it then is in the next answer."""
    for _ in range(MOST_ROUNDS):
        waiting = _waiting(ctx, member)
        if not waiting:
            return
        held = set(applying.lock_lanes(ctx, [*waiting, LEDGER]))
        # What the ledger is to count comes first.
        mine = sorted(held & set(waiting), key=lambda name: name == LEDGER)
        applied = applying.apply_now(ctx, {name: waiting[name] for name in mine})
        if not applied and len(held) < len({*waiting, LEDGER}):
            return


def meet(ctx: Context, asked: str) -> bool:
    """Apply what stores have told us of a customer, named by a Shopify GID or by a store's own id,
    whom nobody has met yet; whether there was anything."""
    values = {"merchant_id": ctx.merchant_id, "subject": asked.removeprefix(GID)}
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for handler, message_id in ctx.db.execute(_UNMET, values):
        waiting[handler].append(message_id)
    held = applying.lock_lanes(ctx, list(waiting))
    return applying.apply_now(ctx, {name: waiting[name] for name in held}) > 0


def _waiting(ctx: Context, member: str) -> Mapping[str, Sequence[int]]:
    """Handler -> its messages about this member that are due."""
    values = {
        "merchant_id": ctx.merchant_id,
        "member": member,
        "ledger": LEDGER,
        "most": MOST_AT_ONCE,
    }
    found: defaultdict[str, list[int]] = defaultdict(list)
    for handler, message_id in ctx.db.execute(_WAITING, values):
        found[handler].append(message_id)
    return found


# How much waits changes faster than statistics are made, so every step is a look-up that leaves the
# planner no choice. The message of an event, and its deliveries that are due:
_DUE = """
    cross join lateral (
        select message_id from outbox
        where merchant_id = :merchant_id and topic = 'in.shopify.' || told.topic
          and key = told.event_id::text
        limit 1
    ) as m
    cross join lateral (
        select handler, message_id from deliveries
        where merchant_id = :merchant_id and message_id = m.message_id
          and dead_at is null and due_at <= statement_timestamp()
        offset 0
    ) as d
"""
_UNMET = text(
    f"""
    select d.handler, d.message_id
    from (
        select event_id, topic from inbound_events
        where merchant_id = :merchant_id and subject = :subject and applied_at is null
        offset 0
    ) as told
    {_DUE}
    order by 2
    limit 50
    """  # noqa: S608 - a constant
)
# Events that nobody has applied are few, and so is what waits for the ledger: both are found by
# partial indexes, which are nearly empty on a quiet day.
_WAITING = text(
    f"""
    with homes as materialized (
        select customer_id from users where merchant_id = :merchant_id and customer_id = :member
        union all
        select customer_id from users where merchant_id = :merchant_id and merged_into = :member
    ), told as materialized (
        select e.event_id, e.topic
        from homes
        join customer_identities i
            on i.merchant_id = :merchant_id and i.customer_id = homes.customer_id
        join inbound_events e on e.merchant_id = :merchant_id and e.subject = i.external_id
            and e.store_id = i.store_id and e.applied_at is null
        union all
        select e.event_id, e.topic
        from inbound_events e
        join orders o on o.merchant_id = :merchant_id and o.store_id = e.store_id
            and o.external_id = substr(e.subject, 7)
        join homes on homes.customer_id = o.customer_id
        where e.merchant_id = :merchant_id and e.applied_at is null
          and starts_with(e.subject, 'order:')
    )
    select d.handler, d.message_id
    from told
    {_DUE}
    union all
    select cast(:ledger as text), w.message_id
    from (
        select message_id from deliveries
        where handler = :ledger and merchant_id = :merchant_id and dead_at is null
          and due_at <= statement_timestamp()
        offset 0
    ) as w
    cross join lateral (
        select topic, payload from outbox
        where merchant_id = :merchant_id and message_id = w.message_id
        limit 1
    ) as m
    where case m.topic
        when 'orders.paid' then exists (
            select from homes join orders o on o.merchant_id = :merchant_id
                and o.customer_id = homes.customer_id
                and o.store_id = m.payload ->> 'store_id'
                and o.order_id between (m.payload ->> 'first')::bigint
                    and (m.payload ->> 'last')::bigint
        )
        when 'orders.refunded' then exists (
            select from homes join refunds r on r.merchant_id = :merchant_id
                and r.customer_id = homes.customer_id
                and r.store_id = m.payload ->> 'store_id'
                and r.refund_id between (m.payload ->> 'first')::bigint
                    and (m.payload ->> 'last')::bigint
        )
        when 'orders.cancelled' then exists (
            select from homes join orders o on o.merchant_id = :merchant_id
                and o.customer_id = homes.customer_id
            where m.payload -> 'orders' @> to_jsonb(o.order_id)
        )
        else false
      end
    order by 2
    limit :most
    """  # noqa: S608 - a constant
)
