"""What follows for friends: their orders and refunds count, and rewards are granted when due."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.messages import OrderRange
from webapp.features.points.messages.referrals import FriendCode
from webapp.gateways import Gateways, shopify_discounts


def follow_friends(ctx: Context, messages: Sequence[Message]) -> None:
    """Everything that may make, void or release a reward, in the order it happened."""
    for message in messages:
        _FOLLOW[message.topic](ctx, message.payload)


def _paid(ctx: Context, payload: Mapping[str, Any]) -> None:
    orders = OrderRange(payload["store_id"], payload["first"], payload["last"])
    # A refund may have been heard of before its order.
    service.void_lost_rewards(ctx, service.count_referred_orders(ctx, orders))
    service.grant_due_rewards(ctx)


def _refunded(ctx: Context, payload: Mapping[str, Any]) -> None:
    refunds = OrderRange(payload["store_id"], payload["first"], payload["last"])
    service.void_refunded_rewards(ctx, refunds)


def _cancelled(ctx: Context, payload: Mapping[str, Any]) -> None:
    service.void_lost_rewards(ctx, payload["orders"])


def _merged(ctx: Context, payload: Mapping[str, Any]) -> None:
    service.void_own_rewards(ctx, [payload["member"]])


def _redacted(ctx: Context, payload: Mapping[str, Any]) -> None:
    service.forget_friends(ctx, payload["store_id"], payload["customers"])


_FOLLOW: Mapping[str, Callable[[Context, Mapping[str, Any]], None]] = {
    "orders.paid": _paid,
    "orders.refunded": _refunded,
    "refunds.imported": _refunded,
    "orders.cancelled": _cancelled,
    "members.merged": _merged,
    "customers.redacted": _redacted,
}


def grant_due(ctx: Context) -> None:
    """Rewards whose hold is over are granted within the hour."""
    service.grant_due_rewards(ctx)


def forget_clicks(ctx: Context) -> None:
    service.forget_clicks(ctx)


def make_code(gateways: Gateways, wanted: FriendCode) -> Outcome:
    if not wanted.access_token:
        return Outcome(False, "the store is not connected", final=True)
    discount = shopify_discounts.Discount(
        code=wanted.code,
        title=f"Invitation ({wanted.code})",
        customer=wanted.customer,
        starts_at=wanted.starts_at,
        ends_at=None,
        amount=wanted.amount,
        percent=wanted.percent,
        minimum=wanted.minimum,
    )
    where = (gateways.shopify, wanted.shop_domain, wanted.access_token)
    return Outcome(True, report={"discount_id": shopify_discounts.create(*where, discount)})


def settle_code(ctx: Context, made: FriendCode, outcome: Outcome) -> None:
    service.record_friend_code(ctx, made, outcome.report["discount_id"])


APPLIES = dict.fromkeys(_FOLLOW, follow_friends)
EVERY = {"hourly": grant_due, "daily": forget_clicks}
SENDS = {
    "points.referral_claimed": Send(
        service.prepare_friend_code, make_code, settle_code, "shopify", service.bury_friend_code
    )
}
LABELS = {
    **dict.fromkeys(APPLIES, N_("deliveries.points.referrals", "Friends of members")),
    "points.referral_claimed": N_("deliveries.points.friend_codes", "Codes for friends"),
}
