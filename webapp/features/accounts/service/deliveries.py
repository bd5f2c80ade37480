"""Sending again what was given up."""

from webapp.core import deliveries, discovery
from webapp.core.context import Context
from webapp.core.errors import NOT_FOUND, AppError
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
