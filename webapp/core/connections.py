"""Keys of outside services: which there are, and how they are opened for a call.

Merchants bring their own keys of the services in MERCHANT_SERVICES; those in PLATFORM_SERVICES are
ours and belong to no merchant. Values are sealed at rest and bound to their row.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from webapp.core.context import Context
from webapp.core.inbox import PLATFORM
from webapp.core.models import Connection, PlatformConnection

# Service -> the values that its key consists of; those in SHOWN are no secrets.
MERCHANT_SERVICES: Mapping[str, tuple[str, ...]] = {
    "klaviyo": ("api_key",),
    "postscript": ("api_key", "shop_token"),
}
PLATFORM_SERVICES: Mapping[str, tuple[str, ...]] = {
    "posthog": ("api_key",),
    "slack": ("bot_token",),
    "xai": ("api_key",),
    "partner": ("organization_id", "access_token"),
    "storage": ("bucket", "region", "access_key_id", "secret_access_key"),
    "apple_wallet": ("pass_type_id", "team_id", "certificate", "private_key", "intermediate"),
    "google_wallet": ("issuer_id", "service_account"),
}
# What services call themselves; it is not translated.
_NAMES = {
    "shopify": "Shopify",
    "klaviyo": "Klaviyo",
    "postscript": "Postscript",
    "posthog": "PostHog",
    "slack": "Slack",
    "xai": "xAI",
    "partner": "Shopify Partner API",
    "storage": "S3",
    "apple_wallet": "Apple Wallet",
    "google_wallet": "Google Wallet",
}
SHOWN = frozenset({"organization_id", "bucket", "region", "pass_type_id", "team_id", "issuer_id"})
# Files: several lines, of which nothing is shown.
FILES = frozenset({"certificate", "private_key", "intermediate", "service_account"})


def service_name(service: str) -> str:
    """What a service is called; what is none is our own work."""
    return _NAMES.get(service, "LoyalNest")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call to `service` proves itself with. `ref` names service, owner and this very key
    for the breaker; it changes with the key and holds nothing of it."""

    service: str
    values: Mapping[str, str] = field(repr=False)
    ref: str


def credentials(ctx: Context, service: str) -> Credentials | None:
    """The opened key of a service: the merchant's own, or ours. None when there is none."""
    if service in MERCHANT_SERVICES:
        owner, place = ctx.merchant_id, Connection.place(ctx.merchant_id, service)
        table = Connection
        own = select(table.sealed, table.credential_id).where(
            table.merchant_id == ctx.merchant_id, table.service == service
        )
    else:
        owner, place = PLATFORM, PlatformConnection.place(service)
        own = select(PlatformConnection.sealed, PlatformConnection.credential_id).where(
            PlatformConnection.service == service
        )
    row = ctx.db.execute(own).one_or_none()
    if row is None:
        return None
    values = json.loads(ctx.keys.open(row.sealed, place))
    return Credentials(service, values, f"{service}:{owner}:{row.credential_id}")
