"""Codes of rewards: made and ended at the shop, recognised in orders, and run out."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.messages import CodeToEnd, CodeToMake, OrderRange
from webapp.gateways import Gateways, shopify_discounts

NOT_CONNECTED = "the store is not connected"


def make_code(gateways: Gateways, wanted: CodeToMake) -> Outcome:
    if not wanted.access_token:
        return Outcome(False, NOT_CONNECTED, final=True)
    discount = shopify_discounts.Discount(
        code=wanted.code,
        title=wanted.title,
        customer=wanted.customer,
        starts_at=wanted.starts_at.isoformat(),
        ends_at=wanted.ends_at.isoformat(),
        amount=wanted.amount,
        percent=wanted.percent,
        product=wanted.product,
        minimum=wanted.minimum,
    )
    where = (gateways.shopify, wanted.shop_domain, wanted.access_token)
    return Outcome(True, report={"discount_id": shopify_discounts.create(*where, discount)})


def settle_code(ctx: Context, made: CodeToMake, outcome: Outcome) -> None:
    service.record_code(ctx, made, outcome.report["discount_id"])


def end_code(gateways: Gateways, asked: CodeToEnd) -> Outcome:
    """Asked before and after, so that a use in between is most likely seen; one that the shop has
    not counted yet is seen when its order arrives. A code that is not there cannot be used."""
    if not asked.access_token:
        return Outcome(False, NOT_CONNECTED, final=True)
    where = (gateways.shopify, asked.shop_domain, asked.access_token)
    known = shopify_discounts.find(*where, asked.code)
    if known is not None and not known.used:
        shopify_discounts.deactivate(*where, known.id)
        known = shopify_discounts.find(*where, asked.code)
    return Outcome(True, report={"used": known is not None and known.used > 0})


def settle_end(ctx: Context, asked: CodeToEnd, outcome: Outcome) -> None:
    service.record_end(ctx, asked, used=outcome.report["used"])


def record_uses(ctx: Context, messages: Sequence[Message]) -> None:
    """Codes that orders used, and those of orders that are cancelled: one handler, so that they are
    heard in the order they were told."""
    for message in messages:
        payload = message.payload
        if message.topic == "orders.cancelled":
            service.return_uses(ctx, payload["store_id"], payload["orders"])
            continue
        orders = OrderRange(payload["store_id"], payload["first"], payload["last"])
        service.record_uses(ctx, orders)


def expire_codes(ctx: Context) -> None:
    service.expire_codes(ctx)
    service.remind_of_codes(ctx)


def expire_more(ctx: Context, messages: Sequence[Message]) -> None:
    service.expire_codes(ctx)


APPLIES = {
    "orders.imported": record_uses,
    "orders.paid": record_uses,
    "orders.cancelled": record_uses,
    "points.codes_ended": expire_more,
}
SENDS = {
    "points.redeemed": Send(
        service.prepare_code, make_code, settle_code, "shopify", service.bury_code
    ),
    "points.cancel_asked": Send(
        service.prepare_end, end_code, settle_end, "shopify", service.bury_end
    ),
}
LABELS = {
    "points.redeemed": N_("deliveries.points.codes", "Codes for rewards"),
    "points.codes_ended": N_("deliveries.points.codes", "Codes for rewards"),
    "points.cancel_asked": N_("deliveries.points.returns", "Codes given back"),
}
EVERY = {"hourly": expire_codes}
