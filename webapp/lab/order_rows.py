"""What `bench points` compares with: pgbench and one transaction that writes the rows of one order;
and merchants with any number of orders, written in bulk.

The transaction runs on the product's own tables, with their indexes, triggers, partitions and
row-level security, as the role that the product logs in as. What stays of an order that came by
webhook stays of one of pgbench's; `rows` counts both, so that the two cannot drift apart.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

# What an order's delivery to its handlers leaves behind for a moment only is not compared.
TRANSIENT = frozenset({"deliveries"})
MEMBERS_PER_ORDER = 0.37


def add_merchant(db: Connection, merchant_id: str, store_id: str, orders: int) -> int:
    """Give a merchant members, orders, entries and lots, as imports leave them; the number of
    members, whose ids at the shop are 1, 2, ... `db` is a superuser's."""
    members = max(1, int(orders * MEMBERS_PER_ORDER))
    values = {"m": merchant_id, "s": store_id, "orders": orders, "members": members}
    for statement in _FILL:
        db.execute(text(statement), values)
        db.execute(text("analyze"))
    return members


_FILL = (
    """
    insert into users (merchant_id, customer_id, shared_customer_id)
    select :m, 'cus_' || n, 'shc_' || n from generate_series(1, :members) as n
    """,
    """
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    select :m, :s, n, 'cus_' || n from generate_series(1, :members) as n
    """,
    """
    insert into customer_contacts (
        merchant_id, store_id, external_id, email_consent, updated_at
    )
    select :m, :s, n, 'not_subscribed', '2025-01-01' from generate_series(1, :members) as n
    """,
    """
    with bought as (
        insert into orders (
            merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor
        )
        select :m, :s, 'old-' || n, 'cus_' || (1 + n % :members),
               timestamptz '2025-01-01' + n * interval '20 seconds', 1000 + n % 9000
        from generate_series(1, :orders) as n
        returning order_id, customer_id, ordered_at, amount_minor
    ), earned as (
        insert into points_transactions (
            merchant_id, customer_id, store_id, type, points, order_id, rule_version, rate,
            basis_minor, currency, occurred_at, available_at, idempotency_key
        )
        select :m, customer_id, :s, 'earn', amount_minor / 100, order_id, 1, 1, amount_minor,
               'USD', ordered_at, ordered_at, 'order:' || order_id
        from bought
        returning customer_id, transaction_id, order_id, points, available_at
    )
    insert into points_lots (
        merchant_id, customer_id, transaction_id, order_id, points, remaining, available_at
    )
    select :m, customer_id, transaction_id, order_id, points, points, available_at from earned
    """,
    """
    insert into customer_cards (merchant_id, customer_id, points)
    select :m, customer_id, sum(remaining) from points_lots
    where merchant_id = :m group by customer_id
    """,
    """
    update users u set points_balance = c.points from customer_cards c
    where u.merchant_id = :m and c.merchant_id = :m and c.customer_id = u.customer_id
    """,
    """
    insert into customer_stats (
        merchant_id, store_id, customer_id, first_day, last_day, days, orders, net_minor
    )
    select :m, :s, customer_id, min(ordered_at)::date, max(ordered_at)::date,
           count(distinct ordered_at::date), count(*), sum(amount_minor)
    from orders where merchant_id = :m group by customer_id
    """,
)


def rows(db: Connection, merchant_id: str) -> dict[str, int]:
    """Table -> how many rows a merchant has in it, of every table that has any."""
    tables = db.scalars(text(_TABLES)).all()
    counted = {table: _count(db, table, merchant_id) for table in tables}
    return {table: n for table, n in counted.items() if n and table not in TRANSIENT}


_TABLES = """
select c.relname from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
where c.relkind in ('r', 'p') and not c.relispartition
  and c.relnamespace = 'public'::regnamespace
"""


def _count(db: Connection, table: str, merchant_id: str) -> int:
    sql = f"select count(*) from {table} where merchant_id = :m"  # noqa: S608 - from the catalogue
    return int(db.scalar(text(sql), {"m": merchant_id}) or 0)


def write_script(file: Path, merchant_id: str, store_id: str, members: int, body: int) -> None:
    """pgbench's script; `body` is how many bytes a sealed webhook has."""
    places: dict[str, Any] = {
        "m": f"'{merchant_id}'",
        "s": f"'{store_id}'",
        "members": members,
        "body": f"'\\x{'5a' * body}'",
    }
    file.write_text(_SCRIPT.format(**places))


# Statements of several lines end in a semicolon; \gset takes what they return into variables.
_SCRIPT = """\
\\set c random(1, {members})
\\set n random(1, 1000000000000000)
begin;
select set_config('app.merchant_id', {m}, true);
insert into inbound_events (
    merchant_id, source, topic, store_id, delivery_id, business_key, triggered_at, body, applied_at
) values (
    {m}, 'shopify', 'orders/paid', {s}, 'd-' || :n::text, {s} || ':' || :n::text, now(), {body},
    now()
);
insert into outbox (merchant_id, topic, key, payload)
values ({m}, 'in.shopify.orders/paid', :n::text, jsonb_build_object('event_id', :n::bigint));
insert into orders (
    merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor, basis_minor
) values ({m}, {s}, :n::text, 'cus_' || :c::text, now(), 4500, 4200) returning order_id as o \\gset
insert into customer_contacts (merchant_id, store_id, external_id, email_consent, updated_at)
values ({m}, {s}, :c::text, 'subscribed', now())
on conflict (merchant_id, store_id, external_id) do update
set email_consent = excluded.email_consent, updated_at = excluded.updated_at;
insert into points_transactions (
    merchant_id, customer_id, store_id, type, points, order_id, rule_version, rate, basis_minor,
    currency, occurred_at, available_at, idempotency_key
) values (
    {m}, 'cus_' || :c::text, {s}, 'earn', 42, :o::bigint, 1, 1, 4200, 'USD', now(), now(),
    'order:' || :o::text
) returning transaction_id as t \\gset
insert into points_lots (
    merchant_id, customer_id, transaction_id, order_id, points, remaining, available_at
) values ({m}, 'cus_' || :c::text, :t::bigint, :o::bigint, 42, 42, now());
update users set points_balance = points_balance + 42
where merchant_id = {m} and customer_id = 'cus_' || :c::text;
insert into customer_cards (merchant_id, customer_id, points)
values ({m}, 'cus_' || :c::text, 42)
on conflict (merchant_id, customer_id) do update
set points = customer_cards.points + excluded.points, version = customer_cards.version + 1;
insert into customer_stats (
    merchant_id, store_id, customer_id, first_day, last_day, days, orders, net_minor
) values ({m}, {s}, 'cus_' || :c::text, current_date, current_date, 1, 1, 4500)
on conflict (merchant_id, store_id, customer_id) do update
set last_day = excluded.last_day, orders = customer_stats.orders + 1,
    net_minor = customer_stats.net_minor + excluded.net_minor;
insert into outbox (merchant_id, topic, key, payload)
values (
    {m}, 'points.earned', :n::text,
    jsonb_build_object(
        'store_id', {s}, 'customer_id', 'cus_' || :c::text, 'points', 42, 'balance', 420
    )
);
commit;
"""
