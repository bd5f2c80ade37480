"""Which services are stood in for."""

from collections.abc import Sequence
from pathlib import Path

from webapp.core.clock import Clock
from webapp.demo.authority import Authority
from webapp.demo.settings import ShopConfig
from webapp.demo.standins.apple_push import ApplePush
from webapp.demo.standins.google_wallet import GoogleWallet
from webapp.demo.standins.klaviyo import Klaviyo
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.partner import Partner
from webapp.demo.standins.posthog import PostHog
from webapp.demo.standins.postscript import Postscript
from webapp.demo.standins.service import Standin
from webapp.demo.standins.shopify import Shop, ShopifyAdmin
from webapp.demo.standins.slack import Slack
from webapp.demo.standins.storage import Storage
from webapp.demo.standins.xai import Xai
from webapp.demo.theme_files import ThemeFiles

_KINDS: tuple[type[Standin], ...] = (Klaviyo, Postscript, PostHog, Slack, Xai, Partner, Storage)
_WALLETS: tuple[type[ApplePush] | type[GoogleWallet], ...] = (ApplePush, GoogleWallet)
NAMES = (*(kind.name for kind in (*_KINDS, *_WALLETS)), ShopifyAdmin.name)
SECURE = frozenset(kind.name for kind in _WALLETS if kind.secure)


def outside_services(authority: Authority) -> list[Standin]:
    """One of each but Shopify, with nothing received yet; wallets take the keys of `authority`."""
    return [*(kind() for kind in _KINDS), *(kind(authority) for kind in _WALLETS)]


def shopify(configs: Sequence[ShopConfig], folder: Path, clock: Clock) -> ShopifyAdmin:
    """Shopify with these shops; their metafields lie in `folder`."""
    admin = ShopifyAdmin(MetafieldStore(folder / "shopify.db", clock), {}, clock=clock)
    for config in configs:
        shop = Shop(
            config.shop_domain,
            config.shop_name,
            config.currency,
            config.access_token,
            config.api_key,
            config.app_secret,
            development=True,
            timezone=config.timezone,
            tax_rate=config.tax_rate,
            taxes_included=config.taxes_included,
            shipping=config.shipping,
            theme=ThemeFiles(config.data_dir, config.shop_domain),
            storefront=f"http://{config.host}:{config.port}",
        )
        admin.open(shop, config.cost_bucket)
    return admin
