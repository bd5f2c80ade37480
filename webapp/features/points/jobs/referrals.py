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
    """Everything that may make, void or release a reward. What it does to points is done at the
    end, at once, whatever came first: a refund may be heard of before its order."""
    service.take_turns(ctx)
    orders: list[int] = []
    members: list[str] = []
    for message in messages:
        payload = message.payload
        if message.topic in _OF_ORDERS:
            orders += _OF_ORDERS[message.topic](ctx, payload)
        elif message.topic == "members.merged":
            members.append(payload["member"])
        elif message.topic == "customers.redacted":
            claims = payload.get("claims", ())
            service.forget_friends(ctx, payload["store_id"], payload["customers"], claims)
    service.settle_rewards(ctx, orders, members)


def _paid(ctx: Context, payload: Mapping[str, Any]) -> list[int]:
    return service.count_referred_orders(ctx, _range(payload))


def _refunded(ctx: Context, payload: Mapping[str, Any]) -> list[int]:
    return service.refunded_orders(ctx, _range(payload))


def _cancelled(ctx: Context, payload: Mapping[str, Any]) -> list[int]:
    return list(payload["orders"])


def _range(payload: Mapping[str, Any]) -> OrderRange:
    return OrderRange(payload["store_id"], payload["first"], payload["last"])


# Topic -> the orders whose claims it may concern.
_OF_ORDERS: Mapping[str, Callable[[Context, Mapping[str, Any]], list[int]]] = {
    "orders.paid": _paid,
    "orders.refunded": _refunded,
    "refunds.imported": _refunded,
    "orders.cancelled": _cancelled,
}


def grant_due(ctx: Context) -> None:
    """Rewards whose hold is over are granted within the hour."""
    service.take_turns(ctx)
    service.settle_rewards(ctx)


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


OTHERS = ("members.merged", "customers.redacted", "points.rewards_due")
APPLIES = dict.fromkeys((*_OF_ORDERS, *OTHERS), follow_friends)
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
