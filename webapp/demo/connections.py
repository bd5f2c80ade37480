"""Connects the demo's merchant, and its platform, to the stand-ins of outside services.

A service that is no stand-in on this machine is left alone: these keys are no secrets.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from webapp.core.inbox import PLATFORM
from webapp.demo.authority import Authority
from webapp.demo.standins.storage import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import SaveConnection
from webapp.parts import Parts

KEYS: Mapping[str, Mapping[str, str]] = {
    "klaviyo": {"api_key": "pk_demo_standin_0001"},
    "postscript": {"api_key": "sk_demo_standin_0001", "shop_token": "demo_standin_0001"},
    "posthog": {"api_key": "phc_demo_standin_0001"},
    "slack": {"bot_token": "xoxb-demo-standin-0001"},
    "xai": {"api_key": "xai-demo-standin-0001"},
    "partner": {"organization_id": "1001", "access_token": "prtapi_demo_standin_0001"},
    "storage": {
        "bucket": BUCKET,
        "region": "us-east-1",
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": SECRET_ACCESS_KEY,
    },
}


# Where a service is that is called by another name.
ADDRESSES = {"apple_wallet": "apple_push"}


def connect_services(parts: Parts, merchant_id: str, authority: Authority) -> None:
    """Enter the keys that are missing; each is then tested like any other."""
    urls = parts.settings.service_urls
    keys = {
        **KEYS,
        "apple_wallet": authority.apple_values(),
        "google_wallet": authority.google_values(urls["google_wallet"]),
    }
    for tenant in (merchant_id, PLATFORM):
        with parts.database.transaction(tenant) as ctx:
            known = accounts.list_connections(ctx)
            for service in accounts.services_of(ctx):
                if service not in known and is_standin(urls[ADDRESSES.get(service, service)]):
                    accounts.save_connection(ctx, SaveConnection(service, keys[service]))


def is_standin(url: str) -> bool:
    """Whether this address is one of this machine's own."""
    return urlsplit(url).hostname == "127.0.0.1"
