"""What Shopify tells of an installation: that it ended, what it may do, and what is paid for it."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.inbox import InboundEvent
from webapp.features.accounts import service
from webapp.features.accounts.messages import SubscriptionSaid


def uninstall(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """`app/uninstalled`. An event older than the newest installation is about the one before."""
    for event in events:
        if event.store_id is not None:
            service.uninstall_store(ctx, event.store_id, event.triggered_at or event.received_at)


def take_scopes(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """`app/scopes_update`: `current` lists what the shop grants now."""
    for event in events:
        current = event.payload.get("current")
        if event.store_id is not None and isinstance(current, list):
            service.record_scopes(ctx, event.store_id, ",".join(map(str, current)))


def hear_of_plans(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """`app_subscriptions/update`: {"app_subscription": {"admin_graphql_api_id", "status", ...}}."""
    for event in events:
        told = event.payload.get("app_subscription")
        if isinstance(told, dict):
            external_id = str(told.get("admin_graphql_api_id", ""))
            said = SubscriptionSaid(external_id, str(told.get("status", "")))
            service.hear_of_subscription(ctx, said)


def forget_shop(ctx: Context, events: Sequence[InboundEvent]) -> None:
    """`shop/redact`, 48 hours after an uninstall: what the shop once granted is wiped."""
    for event in events:
        if event.store_id is not None:
            service.forget_store(ctx, event.store_id, event.triggered_at or event.received_at)


RECEIVES = {
    ("shopify", "app/uninstalled"): uninstall,
    ("shopify", "app/scopes_update"): take_scopes,
    ("shopify", "app_subscriptions/update"): hear_of_plans,
    ("shopify", "shop/redact"): forget_shop,
}
