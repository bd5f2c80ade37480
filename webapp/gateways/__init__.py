"""Ways out: one file a service, with its protocol and its real client.

`Gateways` is what the jobs of the features are handed. A stand-in is an HTTP server behind the
same client, chosen by its base URL.
"""

from dataclasses import dataclass

from webapp.gateways.shopify_admin import ShopifyAdmin


@dataclass(frozen=True, slots=True)
class Gateways:
    """Every outside service that a job may talk to."""

    shopify: ShopifyAdmin
