"""Writes new orders and refunds under the shop's own keys, with the members they make: the one way
in that files and live orders share, so that the same order never counts twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import zone
from webapp.features.orders.domain.order_file import Row

# kind -> (table, its time column, its id column)
TABLES = {
    "o": ("orders", "ordered_at", "order_id"),
    "r": ("refunds", "refunded_at", "refund_id"),
}


def lock(ctx: Context) -> None:
    """Let orders, refunds and customers of one merchant come in one transaction after another,
    whatever way they come: so the ids of new ones are a range of their own, an order and its
    refunds do not miss each other, and nobody waits crosswise."""
    sql = text("select pg_advisory_xact_lock(hashtext('orders in'), hashtext(:merchant_id))")
    ctx.db.execute(sql, {"merchant_id": ctx.merchant_id})


def add_rows(
    ctx: Context,
    store_id: str,
    kind: str,
    source: str,
    values: Mapping[str, Any],
    told: Sequence[str] = (),
) -> tuple[int, int, int]:
    """Add those rows of `source` that are new: (how many, their first id, their last id).

    `source` is a SELECT of seq, external_id, customer (empty for guests), at, minor and the columns
    `told`, with `values` for its placeholders. The new ones have a range of ids of their own.
    """
    lock(ctx)
    table, at_column, id_column = TABLES[kind]
    bound = {**values, "merchant_id": ctx.merchant_id, "store_id": store_id}
    extra = "".join(f", {column}" for column in told)
    sql = _ADD_ROWS.format(
        table=table, at_column=at_column, id_column=id_column, source=source, extra=extra
    )
    taken, low, high = ctx.db.execute(text(sql), bound).one()
    return int(taken), int(low or 0), int(high or 0)


# One statement, so that a customer is looked up once a chunk and never once a row. The look-up is a
# subselect, which makes its plan the same with and without statistics.
_ADD_ROWS = """
with chunk as materialized (
    {source}
), people as materialized (
    select customer, (
        select i.customer_id from customer_identities i
        where i.merchant_id = :merchant_id and i.store_id = :store_id
          and i.external_id = customer
    ) as customer_id
    from (select distinct customer from chunk where customer <> '') as buyers
), fresh as materialized (
    select customer, new_id('cus_') as customer_id, new_id('shc_') as shared_customer_id
    from people where customer_id is null
), met as (
    insert into users (merchant_id, customer_id, shared_customer_id)
    select :merchant_id, customer_id, shared_customer_id from fresh
), named as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    select :merchant_id, :store_id, customer, customer_id from fresh
), members as (
    select customer, customer_id from people where customer_id is not null
    union all
    select customer, customer_id from fresh
), added as (
    insert into {table} (
        merchant_id, store_id, external_id, customer_id, {at_column}, amount_minor{extra}
    )
    select :merchant_id, :store_id, external_id, customer_id, at, minor{extra}
    from chunk left join members using (customer)
    order by seq
    on conflict (merchant_id, store_id, external_id) do nothing
    returning {id_column}
)
select count(*), min({id_column}), max({id_column}) from added
"""


def add_given(ctx: Context, store: Store, kind: str, rows: Sequence[Row]) -> tuple[int, int, int]:
    """Add those of these rows of one kind that are new: (how many, first id, last id)."""
    values = {**given(rows, store), "order_keys": [row.order_key for row in rows]}
    told = TOLD_BY_ROWS[kind]
    return add_rows(ctx, store.store_id, kind, _GIVEN_ROWS, values, told)


TOLD_BY_ROWS = {"o": ("basis_minor", "taxes_included"), "r": ("basis_minor", "order_key")}
_GIVEN_ROWS = """
    select row_number() over () as seq, given.*
    from unnest(
        cast(:keys as text[]), cast(:customers as text[]), cast(:ats as timestamptz[]),
        cast(:minors as bigint[]), cast(:bases as bigint[]), cast(:included as boolean[]),
        cast(:order_keys as text[])
    ) as given(external_id, customer, at, minor, basis_minor, taxes_included, order_key)
"""


def given(rows: Sequence[Row], store: Store) -> dict[str, Any]:
    """The columns of rows, each as a list under the name of its placeholder."""
    return {
        "keys": [row.key for row in rows],
        "customers": [row.customer for row in rows],
        "ats": [moment(row.at, store.timezone) for row in rows],
        "minors": [row.minor for row in rows],
        "bases": [row.basis for row in rows],
        "included": [row.included for row in rows],
    }


def moment(written: str, timezone: str) -> datetime:
    """A moment that `instant` has let through; in the shop's zone where it names none."""
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=zone(timezone))
