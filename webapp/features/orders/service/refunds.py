"""Refunds as they are made, and those that wait for their order.

A refund may be told before its order. It is kept under the order's key, and what only the order
knows (who bought, whether prices held the tax) is filled in when the order comes, by whatever way.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.orders.domain.live_order import Payload, RefundTold, refund_told
from webapp.features.orders.service.rows import lock, moment

Payloads = Mapping[str, Sequence[Payload]]


def take_refunds(ctx: Context, payloads: Payloads) -> int:
    """Take refunds that were just made, by store id; the number of those that are new. Raises
    RefusedLineError for one that cannot be read."""
    taken = 0
    for store_id, found in payloads.items():
        store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
        exponent = currency_exponent(store.currency)
        refunds = [refund_told(payload, store.currency, exponent) for payload in found]
        taken += add_refunds(ctx, store, refunds)
    return taken


def add_refunds(ctx: Context, store: Store, refunds: Sequence[RefundTold]) -> int:
    """Add those refunds that are new, and say so by topic; their number."""
    if not refunds:
        return 0
    lock(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store.store_id,
        "keys": [refund.key for refund in refunds],
        "order_keys": [refund.order_key for refund in refunds],
        "ats": [moment(refund.at, store.timezone) for refund in refunds],
        "minors": [refund.minor for refund in refunds],
        "goods": [refund.goods for refund in refunds],
        "taxes": [refund.tax for refund in refunds],
    }
    taken, first, last = ctx.db.execute(_ADD, values).one()
    if taken:
        payload = {"store_id": store.store_id, "first": int(first), "last": int(last)}
        ctx.emit("orders.refunded", f"{store.store_id}:{first}", payload)
    return int(taken)


# Where points were counted on an order's total, they are taken back by totals as well.
_SETTLED = """
    case when o.basis_minor is null then null
         when o.taxes_included then greatest({goods} - {tax}, 0)
         else {goods} end
"""
_ADD = text(
    f"""
    with told as (
        select * from unnest(
            cast(:keys as text[]), cast(:order_keys as text[]), cast(:ats as timestamptz[]),
            cast(:minors as bigint[]), cast(:goods as bigint[]), cast(:taxes as bigint[])
        ) with ordinality as told(external_id, order_key, at, minor, goods, tax, seq)
    ), added as (
        insert into refunds (
            merchant_id, store_id, external_id, customer_id, refunded_at, amount_minor, order_key,
            basis_minor, tax_minor
        )
        select :merchant_id, :store_id, told.external_id, o.customer_id, at, minor, order_key,
               case when o.order_id is null then goods
                    else {_SETTLED.format(goods="goods", tax="tax")} end,
               case when o.order_id is null then tax end
        from told
        left join orders o on o.merchant_id = :merchant_id and o.store_id = :store_id
            and o.external_id = told.order_key
        order by seq
        on conflict (merchant_id, store_id, external_id) do nothing
        returning refund_id
    )
    select count(*), min(refund_id), max(refund_id) from added
    """  # noqa: S608 - the expression is above
)


def settle_waiting(ctx: Context, store_id: str) -> None:
    """Fill in what refunds of the store waited for, whose orders are known now."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    ctx.db.execute(_SETTLE, values)


_SETTLE = text(
    f"""
    update refunds r
    set customer_id = o.customer_id, tax_minor = null,
        basis_minor = {_SETTLED.format(goods="r.basis_minor", tax="r.tax_minor")}
    from orders o
    where r.merchant_id = :merchant_id and r.store_id = :store_id and r.tax_minor is not null
      and o.merchant_id = :merchant_id and o.store_id = :store_id
      and o.external_id = r.order_key
    """  # noqa: S608 - the expression is above
)
