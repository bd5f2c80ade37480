"""What notifications reads: who is spoken to, where, and what was said lately."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from webapp.core.context import Context
from webapp.core.contract import Facts
from webapp.core.models import CustomerContact, Merchant
from webapp.core.words import zone
from webapp.features.notifications.domain.consent import Contact
from webapp.features.notifications.messages import Recent

UTC = ZoneInfo("UTC")
# (store, member)
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """A store as shoppers and merchants know it, and the zone of its wall clock."""

    shopper_name: str
    merchant_name: str
    zone: ZoneInfo


def merchant_locale(ctx: Context) -> str:
    """The language of the merchant: what is known of no reader is said in it."""
    return ctx.db.get_one(Merchant, ctx.merchant_id).locale


def merchant_name(ctx: Context) -> str:
    """What the merchant is called."""
    return ctx.db.get_one(Merchant, ctx.merchant_id).name


def places(ctx: Context) -> Mapping[str, Place]:
    """Store id -> store. Without a name of its own a store bears the merchant's."""
    rows = ctx.db.execute(text(_PLACES), {"merchant_id": ctx.merchant_id})
    return {
        store_id: Place(name or merchant, name or domain.partition(".")[0], zone(named) or UTC)
        for store_id, name, domain, named, merchant in rows
    }


_PLACES = """
select s.store_id, s.name, s.shop_domain, s.timezone, m.name
from stores s join merchants m using (merchant_id)
where s.merchant_id = :merchant_id
"""


def contacts(ctx: Context, pairs: Iterable[Pair]) -> Mapping[Pair, Contact]:
    """How members may be reached in a store: consent was given there and nowhere else.

    Of somebody who is several customers of one store, the one that was heard of last counts.
    """
    wanted = sorted(set(pairs))
    values = {
        "merchant_id": ctx.merchant_id,
        "stores": [store for store, _ in wanted],
        "customers": [customer for _, customer in wanted],
    }
    rows = ctx.db.execute(text(_CONTACTS), values)
    return {(row.store_id, row.customer_id): _contact(ctx, row) for row in rows}


_CONTACTS = """
select distinct on (p.store_id, p.customer_id)
       p.store_id, p.customer_id, i.external_id, c.email, c.phone, c.locale, c.email_consent,
       c.sms_consent
from unnest(cast(:stores as text[]), cast(:customers as text[])) as p(store_id, customer_id)
join users u
    on u.merchant_id = :merchant_id
    and (u.customer_id = p.customer_id or u.merged_into = p.customer_id)
join customer_identities i
    on i.merchant_id = u.merchant_id and i.store_id = p.store_id and i.customer_id = u.customer_id
left join customer_contacts c
    on c.merchant_id = i.merchant_id and c.store_id = i.store_id and c.external_id = i.external_id
order by p.store_id, p.customer_id, c.updated_at desc nulls last, i.external_id
"""


def _contact(ctx: Context, row: Row[Any]) -> Contact:
    def opened(column: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        where = CustomerContact.place(ctx.merchant_id, row.store_id, row.external_id, column)
        return ctx.keys.open(sealed, where)

    return Contact(
        external_id=row.external_id,
        email=opened("email", row.email),
        phone=opened("phone", row.phone),
        locale=row.locale,
        email_consent=row.email_consent,
        sms_consent=row.sms_consent,
    )


def recent(ctx: Context, most: int) -> tuple[Recent, ...]:
    """The newest messages to shoppers. One is dead when the delivery that carries it was given up;
    the reason is then the receiver's."""
    rows = ctx.db.execute(text(_RECENT), {"merchant_id": ctx.merchant_id, "most": most})
    return tuple(Recent(*row) for row in rows)


_RECENT = """
with newest as (
    select * from notifications where merchant_id = :merchant_id
    order by created_at desc, notification_id desc
    limit :most
)
select n.notification_id, n.name, n.channel, n.locale, n.created_at, n.due_at,
       case when d.dead_at is not null then 'dead' else n.state end,
       case when n.state = 'skipped' then n.reason when n.state = 'queued' then d.reason end
from newest n
left join outbox o on o.merchant_id = n.merchant_id
    and o.topic = 'notifications.' || n.channel and o.key = n.outbox_key
left join deliveries d on d.merchant_id = o.merchant_id and d.message_id = o.message_id
order by n.created_at desc, n.notification_id desc
"""


def newest_facts(ctx: Context, name: str) -> Facts | None:
    """What the newest message or notice of that name said; None when there is none yet."""
    values = {"merchant_id": ctx.merchant_id, "name": name}
    facts: Facts | None = ctx.db.scalar(text(_NEWEST_FACTS), values)
    return facts


_NEWEST_FACTS = """
select facts from (
    select facts, created_at as at from notifications
    where merchant_id = :merchant_id and name = :name
    union all
    select facts || jsonb_build_object('events', events), happened_at from merchant_notices
    where merchant_id = :merchant_id and name = :name
) as said
order by at desc limit 1
"""
