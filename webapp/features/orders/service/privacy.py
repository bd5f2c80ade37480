"""What shops ask in the name of privacy: to tell what is held of a customer, or to erase it.

Shopify sends `customers/data_request`, `customers/redact` (ten days after a customer was deleted,
later for one who has bought lately) and `shop/redact` (48 hours after an uninstall); each is to be
answered within thirty days. Source: shopify.dev, "Privacy law compliance". Erasing is done at once
and logged in `redactions`, which holds ids only: backups are older than the log, so it is kept
outside of them as well and applied again after a restore (`redactions` and `redact-again`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.inbox import InboundEvent
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.orders.domain.order_file import clean_id
from webapp.features.orders.domain.refused import RefusedLineError
from webapp.features.orders.messages import Erasure
from webapp.features.orders.models import PrivacyRequest, Redaction
from webapp.features.orders.queries.privacy import claims_to_forget
from webapp.features.orders.service.customers import tell_of, tell_of_claims
from webapp.features.orders.service.erasing import (
    erase_contacts,
    erase_events,
    erase_requests,
    erase_store_contacts,
)

ANSWERED_WITHIN = timedelta(days=30)
DATA, CUSTOMER, SHOP = "data_request", "customer_redact", "shop_redact"
MOST_ORDERS = 10_000


def ask_for_data(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Keep that customers want to know what is held of them, for the merchant to answer."""
    for event in events:
        asked = event.payload.get("data_request")
        number = asked.get("id") if isinstance(asked, Mapping) else None
        orders = _order_keys(event.payload.get("orders_requested"))
        if _keep_request(ctx, event, DATA, str(number or event.event_id), orders):
            said = {"store_id": event.store_id, "day": event.received_at.date().isoformat()}
            ctx.emit("orders.data_requested", f"{event.store_id}:{event.event_id}", said)


def redact_customers(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Erase what is held of customers, or of guests by their orders. Raises RefusedLineError for a
    request that names neither."""
    for event in events:
        orders = _order_keys(event.payload.get("orders_to_redact"))
        customer = _customer(event.payload)
        if customer is None and not orders:
            raise RefusedLineError("invalid_customer", "the request names nobody")
        reference = customer or f"order:{orders[0]}"
        _keep_request(ctx, event, CUSTOMER, reference, orders, done=True)
        erasure = Erasure(str(event.store_id), customer, tuple(orders), _asked_at(event))
        _log(ctx, erasure)
        erase(ctx, erasure, email=_email(event.payload))
    erase_requests(ctx, [event.event_id for event in events])


def redact_shops(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Erase what is held of all customers of stores that have uninstalled us. A store that has come
    back meanwhile is in use, and keeps what it has."""
    for event in events:
        store = ctx.db.get_one(Store, (ctx.merchant_id, event.store_id))
        if store.came_back(_asked_at(event)):
            ctx.audit("shop_redact_refused", store_id=store.store_id, reason="installed again")
            continue
        _keep_request(ctx, event, SHOP, str(event.event_id), (), done=True)
        erasure = Erasure(store.store_id, None, (), _asked_at(event))
        _log(ctx, erasure)
        erase(ctx, erasure)


def erase(ctx: Context, erasure: Erasure, *, again: bool = False, email: str = "") -> None:
    """Erase, and have the other features erase theirs; `email` is an address that the request names
    beside. Done `again`, after a restore, it leaves alone what the shop told after it had asked."""
    store_id, upto = erasure.store_id, erasure.asked_at if again else None
    # Asked before the addresses are gone, by whose hashes alone they are found.
    claims = claims_to_forget(ctx, erasure, email, upto)
    tell_of_claims(ctx, store_id, claims)
    if erasure.whole_store:
        erase_store_contacts(ctx, store_id, upto)
        erase_events(ctx, store_id, upto=upto)
        everybody = text(
            "select external_id from customer_identities "
            "where merchant_id = :m and store_id = :s order by external_id"
        )
        found = ctx.db.scalars(everybody, {"m": ctx.merchant_id, "s": store_id})
        tell_of(ctx, "customers.redacted", store_id, [str(customer) for customer in found])
    else:
        erase_events(ctx, store_id, erasure.customer, erasure.order_keys, upto)
    if erasure.customer:
        erase_contacts(ctx, store_id, [erasure.customer], upto)
        tell_of(ctx, "customers.redacted", store_id, [erasure.customer])
    ctx.audit("personal_data_erased", store_id=store_id, customer=erasure.customer, again=again)


def erasures(ctx: Context) -> Iterator[Erasure]:
    """What was erased, oldest first."""
    sql = (
        select(Redaction)
        .where(Redaction.merchant_id == ctx.merchant_id)
        .order_by(Redaction.redacted_at, Redaction.redaction_id)
    )
    for row in ctx.db.scalars(sql):
        yield Erasure(row.store_id, row.external_id, tuple(row.order_keys), row.asked_at)


def erase_again(ctx: Context, logged: Iterable[Erasure]) -> int:
    """Apply erasures again after a restore: those that the database knows, and those of a log that
    was kept outside, which are logged anew where the restore has lost them. How many."""
    known = list(erasures(ctx))
    lost = [erasure for erasure in logged if erasure not in known]
    for erasure in lost:
        _log(ctx, erasure)
    for erasure in (*known, *lost):
        erase(ctx, erasure, again=True)
    return len(known) + len(lost)


def answer_request(ctx: Context, request_id: str) -> None:
    """Note that the merchant has told a customer what is held. Raises AppError(invalid_value)."""
    row = ctx.db.get(PrivacyRequest, (ctx.merchant_id, request_id))
    if row is None or row.kind != DATA:
        raise AppError(INVALID_VALUE, field="request", value=request_id)
    if row.done_at is None:
        row.done_at = ctx.wall
        ctx.audit("data_request_answered", request_id=request_id)


def _keep_request(
    ctx: Context,
    event: InboundEvent,
    kind: str,
    reference: str,
    order_keys: Sequence[str],
    *,
    done: bool = False,
) -> bool:
    """Keep a request for the dashboard; False when it was told before."""
    values = {
        "merchant_id": ctx.merchant_id,
        "request_id": new_id("prv_"),
        "store_id": event.store_id,
        "kind": kind,
        "external_id": None if kind == SHOP else _customer(event.payload),
        "reference": reference,
        "order_keys": list(order_keys),
        "received_at": event.received_at,
        "due_at": event.received_at + ANSWERED_WITHIN,
        "done_at": ctx.wall if done else None,
    }
    kept = ctx.db.scalar(_KEEP, values) is not None
    if kept:
        ctx.audit("privacy_request", kind=kind, request_id=values["request_id"])
    return kept


_KEEP = text(
    """
    insert into privacy_requests (
        merchant_id, request_id, store_id, kind, external_id, reference, order_keys, received_at,
        due_at, done_at
    ) values (
        :merchant_id, :request_id, :store_id, :kind, :external_id, :reference,
        cast(:order_keys as text[]), :received_at, :due_at, :done_at
    )
    on conflict (merchant_id, store_id, kind, reference) do nothing
    returning request_id
    """
)


def _log(ctx: Context, erasure: Erasure) -> None:
    ctx.db.add(
        Redaction(
            merchant_id=ctx.merchant_id,
            redaction_id=new_id("red_"),
            store_id=erasure.store_id,
            external_id=erasure.customer,
            order_keys=list(erasure.order_keys),
            asked_at=erasure.asked_at,
            redacted_at=ctx.wall,
        )
    )
    ctx.db.flush()


def _asked_at(event: InboundEvent) -> datetime:
    return event.triggered_at or event.received_at


def _customer(payload: Mapping[str, Any]) -> str | None:
    """The shop's own id of the customer; None where only an address is named, as of guests."""
    customer = payload.get("customer")
    given = customer.get("id") if isinstance(customer, Mapping) else None
    return clean_id(str(given), "customer.id") if given else None


def _email(payload: Mapping[str, Any]) -> str:
    customer = payload.get("customer")
    given = customer.get("email") if isinstance(customer, Mapping) else None
    return given if isinstance(given, str) else ""


def _order_keys(given: object) -> list[str]:
    keys = given if isinstance(given, list) else []
    return [clean_id(str(key), "orders") for key in keys[:MOST_ORDERS]]
