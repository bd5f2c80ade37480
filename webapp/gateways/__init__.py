"""Ways out: one file a service, with its protocol and its real client.

`Gateways` is what the jobs of the features are handed. A stand-in is an HTTP server behind the
same client, chosen by its base URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.gateways.apple_push import ApplePush, HttpApplePush
from webapp.gateways.calling import Caller
from webapp.gateways.google_wallet import GoogleWallet, HttpGoogleWallet
from webapp.gateways.klaviyo import HttpKlaviyo, Klaviyo
from webapp.gateways.posthog import HttpPostHog, PostHog
from webapp.gateways.postscript import HttpPostscript, Postscript
from webapp.gateways.shopify_admin import HttpShopifyAdmin, ShopifyAdmin
from webapp.gateways.shopify_oauth import HttpShopifyOAuth, ShopifyOAuth
from webapp.gateways.shopify_partner import HttpShopifyPartner, ShopifyPartner
from webapp.gateways.slack import HttpSlack, Slack
from webapp.gateways.storage import S3Storage, Storage
from webapp.gateways.xai import CALL_SECONDS, READ_SECONDS, HttpXai, Xai


@dataclass(frozen=True, slots=True)
class Gateways:
    """Every outside service that a job may talk to; `caller` reads files that they point at, and
    `base_url` is where they reach us."""

    shopify: ShopifyAdmin
    oauth: ShopifyOAuth
    partner: ShopifyPartner
    klaviyo: Klaviyo
    postscript: Postscript
    posthog: PostHog
    slack: Slack
    xai: Xai
    storage: Storage
    apple_wallet: ApplePush
    google_wallet: GoogleWallet
    caller: Caller
    patient: Caller
    base_url: str

    def close(self) -> None:
        """Close every connection that is open."""
        self.caller.close()
        self.patient.close()
        self.storage.close()
        self.apple_wallet.close()


def open_gateways(
    shopify_admin_url: str,
    service_urls: Mapping[str, str],
    base_url: str,
    trusted_ca: Path | None = None,
) -> Gateways:
    """The real clients at these addresses; opens no connection yet. `trusted_ca` is a PEM file of
    an authority that vouches for a stand-in of Apple's."""
    caller, patient = Caller(), Caller(read=READ_SECONDS, total=CALL_SECONDS)
    return Gateways(
        shopify=HttpShopifyAdmin(shopify_admin_url, caller),
        oauth=HttpShopifyOAuth(shopify_admin_url, caller),
        partner=HttpShopifyPartner(service_urls["partner"], caller),
        klaviyo=HttpKlaviyo(service_urls["klaviyo"], caller),
        postscript=HttpPostscript(service_urls["postscript"], caller),
        posthog=HttpPostHog(service_urls["posthog"], caller),
        slack=HttpSlack(service_urls["slack"], caller),
        xai=HttpXai(service_urls["xai"], patient),
        storage=S3Storage(service_urls["storage"]),
        apple_wallet=HttpApplePush(service_urls["apple_push"], trusted_ca),
        google_wallet=HttpGoogleWallet(service_urls["google_wallet"], caller),
        caller=caller,
        patient=patient,
        base_url=base_url,
    )
