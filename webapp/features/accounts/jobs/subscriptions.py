"""Keeps the shops' webhook subscriptions, and forgets what was told long ago."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.domain.subscriptions import repair
from webapp.features.accounts.messages import SubscriptionCheck
from webapp.gateways import Gateways
from webapp.gateways.shopify_webhooks import subscribe, subscriptions

WEBHOOK_PATH = "/webhooks/shopify"


def check_subscriptions(ctx: Context) -> None:
    service.check_all_subscriptions(ctx)


def forget_events(ctx: Context) -> None:
    service.forget_events(ctx)


def prepare_check(ctx: Context, message: Message) -> SubscriptionCheck | None:
    return service.prepare_check(ctx, message.payload["store_id"])


def send_check(gateways: Gateways, check: SubscriptionCheck) -> Outcome:
    """Look what the shop tells us of, and ask in one more call for what is missing. Asking twice
    does no harm: Shopify refuses a second subscription of a topic at the same address."""
    uri = gateways.base_url + WEBHOOK_PATH
    shop = gateways.shopify, check.shop_domain, check.access_token
    found = subscriptions(*shop, check.topics)
    needed = repair({t: [(s.id, s.uri) for s in there] for t, there in found.items()}, uri)
    refused = subscribe(*shop, uri, needed.topics, needed.moved) if needed.topics else {}
    made = [topic for topic in needed.topics if topic not in refused]
    there = [topic for topic in check.topics if topic not in needed.topics]
    return Outcome(True, report={"made": made, "refused": dict(refused), "there": there})


def settle_check(ctx: Context, check: SubscriptionCheck, outcome: Outcome) -> None:
    report = outcome.report
    service.record_check(ctx, check.store_id, report["made"], report["refused"], report["there"])


LABELS = {"subscriptions.due": N_("deliveries.subscriptions", "Check of webhooks")}
SENDS = {"subscriptions.due": Send(prepare_check, send_check, settle_check, "shopify")}
