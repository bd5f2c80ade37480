"""Sending again what was given up, and which destinations rest."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from webapp.core import connections, deliveries, discovery
from webapp.core.breakers import BreakerState
from webapp.core.context import Context
from webapp.core.errors import NOT_FOUND, AppError
from webapp.core.models import Store
from webapp.features.accounts.messages import SendAgain

SENT_AGAIN = "delivery_sent_again"


def send_again(ctx: Context, message: SendAgain) -> int:
    """Put dead deliveries back as if they had never been tried; how many there were.

    One of a handler, or all of a destination. Raises AppError(not_found) for a handler that no
    longer exists.
    """
    if message.handler and message.handler not in discovery.handlers():
        raise AppError(NOT_FOUND)
    handlers = [message.handler] if message.handler else handlers_of(message.destination)
    put_back = deliveries.send_again(ctx.db, ctx.merchant_id, handlers, message.message_id)
    if put_back:
        ctx.rings.update(put_back)
        ctx.audit(
            SENT_AGAIN,
            destination=message.destination,
            handler=message.handler,
            message_id=message.message_id,
            deliveries=len(put_back),
        )
    return len(put_back)


def handlers_of(destination: str) -> list[str]:
    """The handlers that send to a destination; those that work inside our own database for ''."""
    return [name for name in discovery.handlers() if discovery.destination(name) == destination]


def breakers_of(ctx: Context, destinations: Iterable[str]) -> Mapping[str, BreakerState]:
    """Of each destination the breaker that keeps this merchant waiting longest: its own, or that of
    one of the merchant's keys for it."""
    names = {name: [name, *keys_for(ctx, name)] for name in destinations}
    states = ctx.breakers.states([one for found in names.values() for one in found])
    return {
        name: max((states[one] for one in found), key=lambda s: (s.seconds, s.state != "closed"))
        for name, found in names.items()
    }


def keys_for(ctx: Context, destination: str) -> list[str]:
    """What the breakers of the merchant's keys for a destination are called."""
    if destination == "shopify":
        own = select(Store.store_id).where(Store.merchant_id == ctx.merchant_id)
        return [f"shopify:{store_id}" for store_id in ctx.db.scalars(own)]
    known = {**connections.MERCHANT_SERVICES, **connections.PLATFORM_SERVICES}
    key = connections.credentials(ctx, destination) if destination in known else None
    return [key.ref] if key else []
