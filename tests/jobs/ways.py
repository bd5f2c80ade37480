"""How a message leaves by each gateway, and how its receiver names it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from webapp.core.connections import Credentials
from webapp.demo.standins.slack import CHANNEL
from webapp.demo.standins.storage import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from webapp.gateways import Gateways
from webapp.gateways.klaviyo import KlaviyoEvent
from webapp.gateways.posthog import ProductEvent
from webapp.gateways.postscript import PostscriptEvent
from webapp.gateways.shopify_admin import Metafield
from webapp.gateways.xai import Completion

WHEN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SHOP, TOKEN = "matrix.myshopify.com", "shpat_matrix"
CREDIT = """mutation($appId: ID!, $shopId: ID!, $amount: MoneyInput!, $description: String!) {
  appCreditCreate(appId: $appId, shopId: $shopId, amount: $amount, description: $description) {
    appCredit { id } userErrors { field message } } }"""


@dataclass(frozen=True)
class Way:
    """How a message with a deduplication id leaves by one gateway; `seen_as` is how its receiver
    names it. `once`: the receiver counts it once however often it comes."""

    values: Mapping[str, str]
    send: Callable[[Gateways, Credentials, str], object]
    once: bool
    seen_as: str = "{key}"


def to_klaviyo(gateways: Gateways, credentials: Credentials, key: str) -> None:
    event = KlaviyoEvent("Earned Points", {"external_id": "7"}, {"points": 5}, key, WHEN)
    gateways.klaviyo.send_event(credentials, event)


def to_postscript(gateways: Gateways, credentials: Credentials, key: str) -> None:
    event = PostscriptEvent("EarnedPoints", {"points": 5}, key, WHEN, phone="+15550100")
    gateways.postscript.send_event(credentials, event)


def to_posthog(gateways: Gateways, credentials: Credentials, key: str) -> None:
    event = ProductEvent("points_earned", "mer_1", key, WHEN, {}, {"merchant": "mer_1"})
    gateways.posthog.capture(credentials, [event])


def to_slack(gateways: Gateways, credentials: Credentials, key: str) -> None:
    gateways.slack.post_message(credentials, CHANNEL, key)


def to_xai(gateways: Gateways, credentials: Credentials, key: str) -> None:
    gateways.xai.complete(credentials, Completion("grok-4.6", [("user", key)], 50))


def to_partner(gateways: Gateways, credentials: Credentials, key: str) -> None:
    amount = {"amount": "5.00", "currencyCode": "USD"}
    app, shop = "gid://partners/App/1", "gid://partners/Shop/2"
    variables = {"appId": app, "shopId": shop, "amount": amount, "description": key}
    gateways.partner.query(credentials, CREDIT, variables)


def to_storage(gateways: Gateways, credentials: Credentials, key: str) -> None:
    gateways.storage.put(credentials, key, b"what is kept", "text/plain")


def to_shopify(gateways: Gateways, credentials: Credentials, key: str) -> None:
    customer = f"gid://shopify/Customer/{int(key, 36) % 10**12}"
    field = Metafield(customer, "$app:loyalnest", key, "number_integer", "5")
    gateways.shopify.set_metafields(SHOP, TOKEN, [field])


STORAGE = {
    "bucket": BUCKET,
    "region": "us-east-1",
    "access_key_id": ACCESS_KEY_ID,
    "secret_access_key": SECRET_ACCESS_KEY,
}
WAYS = {
    "klaviyo": Way({"api_key": "pk_matrix"}, to_klaviyo, once=True),
    "postscript": Way({"api_key": "sk_matrix", "shop_token": "t"}, to_postscript, once=False),
    "posthog": Way({"api_key": "phc_matrix"}, to_posthog, once=True),
    "slack": Way({"bot_token": "xoxb-matrix"}, to_slack, False, f"{CHANNEL}: {{key}}"),
    "xai": Way({"api_key": "xai-matrix"}, to_xai, once=False),
    "partner": Way(
        {"organization_id": "77", "access_token": "prtapi_matrix"}, to_partner, once=False
    ),
    "storage": Way(STORAGE, to_storage, True, f"{BUCKET}/{{key}}"),
    "shopify": Way({}, to_shopify, True, "gid://shopify/Customer/{number} {key}"),
}
BROKEN_KEYS = {
    "klaviyo": {"api_key": "broken"},
    "postscript": {"shop_token": ""},
    # PostHog takes any key that could be one, and drops its events later without a word.
    "posthog": {"api_key": "phx_personal"},
    "slack": {"bot_token": "broken"},
    "xai": {"api_key": "broken"},
    "partner": {"access_token": "broken"},
    "storage": {"secret_access_key": "broken"},
}
