"""Reads what a shop is, and renews the token that it granted."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.messages import ShopFacts, StoreCall, TokenGranted, TokenRefresh
from webapp.gateways import Gateways
from webapp.gateways.shopify_oauth import AppCredentials
from webapp.gateways.shopify_shop import ShopOf


def prepare_facts(ctx: Context, message: Message) -> StoreCall | None:
    return service.prepare_store_call(ctx, message.payload["store_id"])


def read_facts(gateways: Gateways, call: StoreCall) -> Outcome:
    shop = ShopOf(gateways.shopify, call.shop_domain, call.access_token).describe()
    facts = ShopFacts(shop.name, shop.currency, shop.timezone, shop.plan, shop.development)
    return Outcome(True, report={"facts": facts})


def settle_facts(ctx: Context, call: StoreCall, outcome: Outcome) -> None:
    service.record_shop_facts(ctx, call.store_id, outcome.report["facts"])


def prepare_refresh(ctx: Context, message: Message) -> TokenRefresh | None:
    return service.prepare_refresh(ctx, message.payload["store_id"], message.payload["token_id"])


def refresh(gateways: Gateways, asked: TokenRefresh) -> Outcome:
    """A refresh whose answer is lost is repeated with the same token, which Shopify allows."""
    app = AppCredentials(asked.api_key, asked.secret)
    grant = gateways.oauth.refresh(asked.shop_domain, app, asked.refresh_token)
    token = TokenGranted(
        grant.access_token,
        service.parse_scopes(grant.scopes),
        grant.expires_in,
        grant.refresh_token,
    )
    return Outcome(True, report={"token": token})


def settle_refresh(ctx: Context, asked: TokenRefresh, outcome: Outcome) -> None:
    service.replace_token(ctx, asked, outcome.report["token"])


SENDS = {
    "store.authorised": Send(prepare_facts, read_facts, settle_facts, "shopify"),
    "store.token_ageing": Send(prepare_refresh, refresh, settle_refresh, "shopify"),
}
LABELS = {
    "store.authorised": N_("deliveries.topic.store_authorised", "Facts about a shop"),
    "store.token_ageing": N_("deliveries.topic.store_token_ageing", "New token of a shop"),
}
