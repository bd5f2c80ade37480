"""What shops tell us about orders and customers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.core.context import Context
from webapp.core.inbox import InboundEvent
from webapp.features.orders import service
from webapp.features.orders.domain.live_order import contact


def take_paid_orders(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Orders become rows, and their customers members who may be reached."""
    stores = by_store(events)
    service.take_paid(ctx, stores)
    for store_id, payloads in stores.items():
        told = [contact(order.get("customer"), order.get("customer_locale")) for order in payloads]
        service.keep_contacts(ctx, store_id, [c for c in told if c is not None])


def take_customers(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """New addresses and consents of customers."""
    for store_id, payloads in by_store(events).items():
        told = [contact(customer, customer.get("locale")) for customer in payloads]
        service.keep_contacts(ctx, store_id, [c for c in told if c is not None])


def by_store(events: Sequence[InboundEvent]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The payloads of each store, in the order they came."""
    stores: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        stores[str(event.store_id)].append(event.payload)
    return stores


RECEIVES = {
    ("shopify", "orders/paid"): take_paid_orders,
    ("shopify", "customers/update"): take_customers,
}
