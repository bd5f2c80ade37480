"""What shops tell us about orders, refunds and customers, and what they ask us to forget."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from webapp.core.context import Context
from webapp.core.inbox import InboundEvent
from webapp.features.orders import service
from webapp.features.orders.domain.people import (
    Consent,
    consents_of,
    contact,
    customer_key,
    email_consent,
    merge,
    sms_consent,
)


def take_paid_orders(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Orders become rows, and their customers members who may be reached."""
    stores = by_store(events)
    unknown = {store_id: strangers(ctx, store_id, orders) for store_id, orders in stores.items()}
    service.take_paid(ctx, stores)
    for store_id, orders in stores.items():
        people = [(order.get("customer"), order.get("customer_locale")) for order in orders]
        tell_of_people(ctx, store_id, people, newcomers(ctx, store_id, unknown[store_id]))


def take_changed_orders(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """Orders after an edit, a refund or a payment. What they say of their customer is told by
    customers/update as well."""
    stores = by_store(events)
    unknown = {store_id: strangers(ctx, store_id, orders) for store_id, orders in stores.items()}
    service.take_changed(ctx, stores)
    for store_id, customers in unknown.items():
        tell_of_people(ctx, store_id, (), newcomers(ctx, store_id, customers))


def take_cancelled_orders(ctx: Context, events: Sequence[InboundEvent]) -> None:
    take_changed_orders(ctx, events)


def strangers(ctx: Context, store_id: str, orders: Iterable[Mapping[str, Any]]) -> list[str]:
    """Who of the buyers is no member yet."""
    return service.strangers(ctx, store_id, [buyer(order) for order in orders])


def newcomers(ctx: Context, store_id: str, unknown: Sequence[str]) -> list[str]:
    """Who of those that were no members is one now."""
    return sorted(set(unknown) - set(service.strangers(ctx, store_id, unknown)))


def take_refunds(ctx: Context, events: Sequence[InboundEvent]) -> None:
    service.take_refunds(ctx, by_store(events))


def take_customers(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """New addresses of customers; new customers become members."""
    for store_id, payloads in by_store(events, "customers/create").items():
        new = service.make_members(ctx, store_id, [customer_key(c.get("id")) for c in payloads])
        tell_of_people(ctx, store_id, [(c, c.get("locale")) for c in payloads], new)
    for store_id, payloads in by_store(events, "customers/update").items():
        tell_of_people(ctx, store_id, [(c, c.get("locale")) for c in payloads])


def take_consents(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """What customers agreed to, or took back. One that says no time of its own is as old as the
    event."""
    stores: defaultdict[str, list[Consent]] = defaultdict(list)
    for event in events:
        read = sms_consent if event.topic == SMS_CONSENT else email_consent
        told_at = event.triggered_at or event.received_at
        stores[str(event.store_id)].append(read(event.payload, told_at))
    for store_id, told in stores.items():
        changed = service.keep_consents(ctx, store_id, told)
        service.tell_of(ctx, "customers.told", store_id, changed)


def take_merges(ctx: Context, events: Sequence[InboundEvent]) -> None:
    stores = {
        store_id: [pair for pair in map(merge, payloads) if pair is not None]
        for store_id, payloads in by_store(events).items()
    }
    service.merge_customers(ctx, stores)


def take_deletions(ctx: Context, events: Sequence[InboundEvent]) -> None:
    for store_id, payloads in by_store(events).items():
        gone = [customer_key(customer.get("id")) for customer in payloads]
        service.delete_customers(ctx, store_id, gone)


def take_data_requests(ctx: Context, events: Sequence[InboundEvent]) -> None:
    service.ask_for_data(ctx, events)


def redact_customers(ctx: Context, events: Sequence[InboundEvent]) -> None:
    service.redact_customers(ctx, events)


def redact_shops(ctx: Context, events: Sequence[InboundEvent]) -> None:
    service.redact_shops(ctx, events)


def tell_of_people(
    ctx: Context,
    store_id: str,
    people: Iterable[tuple[Any, Any]],
    new: Iterable[str] = (),
) -> None:
    """Keep how to reach these (customer, locale), and say of whom something new is known."""
    people = list(people)
    found = [contact(customer, locale) for customer, locale in people]
    changed = service.keep_contacts(ctx, store_id, [c for c in found if c is not None])
    consents = [consent for customer, _ in people for consent in consents_of(customer)]
    changed += service.keep_consents(ctx, store_id, consents)
    service.tell_of(ctx, "customers.told", store_id, changed, new)


def buyer(order: Mapping[str, Any]) -> str:
    """The shop's own id of an order's customer; empty for a guest."""
    customer = order.get("customer")
    found = customer.get("id") if isinstance(customer, Mapping) else None
    return str(found or "")


def by_store(
    events: Sequence[InboundEvent], topic: str | None = None
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The payloads of each store, in the order they came; all, or those of a topic."""
    stores: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        if topic in (None, event.topic):
            stores[str(event.store_id)].append(event.payload)
    return stores


EMAIL_CONSENT = "customers_email_marketing_consent/update"
SMS_CONSENT = "customers_marketing_consent/update"
RECEIVES = {
    ("shopify", "orders/paid"): take_paid_orders,
    ("shopify", "orders/updated"): take_changed_orders,
    ("shopify", "orders/cancelled"): take_cancelled_orders,
    ("shopify", "refunds/create"): take_refunds,
    ("shopify", "customers/create"): take_customers,
    ("shopify", "customers/update"): take_customers,
    ("shopify", EMAIL_CONSENT): take_consents,
    ("shopify", SMS_CONSENT): take_consents,
    ("shopify", "customers/merge"): take_merges,
    ("shopify", "customers/delete"): take_deletions,
    ("shopify", "customers/data_request"): take_data_requests,
    ("shopify", "customers/redact"): redact_customers,
    ("shopify", "shop/redact"): redact_shops,
}
