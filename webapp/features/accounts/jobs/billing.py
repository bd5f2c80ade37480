"""Has Shopify bill plans, and asks it how they stand."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.core.words import Money
from webapp.features.accounts import service
from webapp.features.accounts.messages import (
    SubscriptionCall,
    SubscriptionRequest,
    SubscriptionSaid,
)
from webapp.gateways import Gateways
from webapp.gateways.shopify_shop import NewSubscription, ShopOf, Standing


def prepare_plan(ctx: Context, message: Message) -> SubscriptionRequest | None:
    return service.prepare_subscription(ctx, message.payload["subscription_id"])


def ask_for_plan(gateways: Gateways, asked: SubscriptionRequest) -> Outcome:
    """What Shopify does not take is no failure of the call: the Plan page says why."""
    new = NewSubscription(
        name=asked.name,
        price=Money(asked.price_minor, asked.currency),
        trial_days=asked.trial_days,
        test=asked.test,
        return_url=f"{gateways.base_url}/auth/plan?shop={asked.call.shop_domain}",
    )
    shop = ShopOf(gateways.shopify, asked.call.shop_domain, asked.call.access_token)
    return Outcome(True, report={"created": shop.subscribe(new)})


def settle_plan(ctx: Context, asked: SubscriptionRequest, outcome: Outcome) -> None:
    made = outcome.report["created"]
    if made.refused:
        service.refuse_subscription(ctx, asked.subscription_id, made.refused)
        return
    service.await_confirmation(ctx, asked.subscription_id, made.external_id, made.confirmation_url)


def prepare_call(ctx: Context, message: Message) -> SubscriptionCall | None:
    return service.prepare_subscription_call(ctx, message.payload["subscription_id"])


def read_plan(gateways: Gateways, asked: SubscriptionCall) -> Outcome:
    return _said(_shop(gateways, asked).standing(asked.external_id))


def end_plan(gateways: Gateways, asked: SubscriptionCall) -> Outcome:
    return _said(_shop(gateways, asked).cancel(asked.external_id))


def settle_standing(ctx: Context, asked: SubscriptionCall, outcome: Outcome) -> None:
    service.hear_of_subscription(ctx, outcome.report["said"])


def ask_after_plans(ctx: Context) -> None:
    """Webhooks get lost: once a day every open subscription is asked after."""
    service.ask_after_plan(ctx)


def _shop(gateways: Gateways, asked: SubscriptionCall) -> ShopOf:
    return ShopOf(gateways.shopify, asked.call.shop_domain, asked.call.access_token)


def _said(standing: Standing) -> Outcome:
    said = SubscriptionSaid(standing.external_id, standing.status, standing.period_ends_at)
    return Outcome(True, report={"said": said})


SENDS = {
    "plan.chosen": Send(prepare_plan, ask_for_plan, settle_plan, "shopify"),
    "plan.asked_after": Send(prepare_call, read_plan, settle_standing, "shopify"),
    "plan.end_asked": Send(prepare_call, end_plan, settle_standing, "shopify"),
}
LABELS = {
    "plan.chosen": N_("deliveries.topic.plan_chosen", "Request for a plan"),
    "plan.asked_after": N_("deliveries.topic.plan_asked_after", "State of a plan"),
    "plan.end_asked": N_("deliveries.topic.plan_end_asked", "End of a plan"),
}
