"""What a shop's Admin API says of the shop itself, and what it bills for us.

Source: shopify.dev, GraphQL Admin API 2026-10: `shop`, `appSubscriptionCreate`,
`appSubscriptionCancel`, `AppSubscription`. Creating is not idempotent: where its answer is lost, a
second subscription waits for the merchant, and the one nobody agrees to expires after two days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from webapp.core.words import Money, currency_exponent
from webapp.gateways.calling import GatewayError
from webapp.gateways.graphql import user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

READ_SHOP = """
query ReadShop {
  shop {
    name currencyCode ianaTimezone
    plan { publicDisplayName partnerDevelopment }
  }
}
"""
CREATE_SUBSCRIPTION = """
mutation ChoosePlan(
  $name: String!, $returnUrl: URL!, $lineItems: [AppSubscriptionLineItemInput!]!,
  $trialDays: Int, $test: Boolean
) {
  appSubscriptionCreate(
    name: $name, returnUrl: $returnUrl, lineItems: $lineItems, trialDays: $trialDays, test: $test
  ) {
    appSubscription { id status }
    confirmationUrl
    userErrors { field message }
  }
}
"""
CANCEL_SUBSCRIPTION = """
mutation EndPlan($id: ID!) {
  appSubscriptionCancel(id: $id) {
    appSubscription { id status currentPeriodEnd }
    userErrors { field message }
  }
}
"""
READ_SUBSCRIPTION = """
query AskAfterPlan($id: ID!) {
  node(id: $id) { ... on AppSubscription { id status currentPeriodEnd } }
}
"""
INTERVAL = "EVERY_30_DAYS"


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as Shopify describes it."""

    name: str
    currency: str
    timezone: str
    plan: str
    development: bool


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """What the merchant is asked to agree to; they come back to `return_url`."""

    name: str
    price: Money
    trial_days: int
    test: bool
    return_url: str


@dataclass(frozen=True, slots=True)
class Created:
    """A subscription that waits for the merchant at `confirmation_url`; or why Shopify does not
    take it (`refused`), and then nothing else."""

    external_id: str = ""
    confirmation_url: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subscription stands: `status` as Shopify spells it."""

    external_id: str
    status: str
    period_ends_at: datetime | None


class ShopOf:
    """One shop's own facts and bills, asked with its token. Every call raises GatewayError."""

    def __init__(self, admin: ShopifyAdmin, shop_domain: str, access_token: str) -> None:
        self._admin, self._domain, self._token = admin, shop_domain, access_token

    def describe(self) -> Shop:
        """Name, currency, zone and plan of the shop."""
        shop = self._ask(READ_SHOP, {})["shop"]
        plan = shop.get("plan") or {}
        return Shop(
            name=str(shop["name"]),
            currency=str(shop["currencyCode"]),
            timezone=str(shop["ianaTimezone"]),
            plan=str(plan.get("publicDisplayName") or ""),
            development=plan.get("partnerDevelopment") is True,
        )

    def subscribe(self, new: NewSubscription) -> Created:
        """Ask for a subscription that is billed every thirty days."""
        exponent = currency_exponent(new.price.currency)
        amount = str(Decimal(new.price.minor).scaleb(-exponent))
        price = {"amount": amount, "currencyCode": new.price.currency}
        details = {"price": price, "interval": INTERVAL}
        variables = {
            "name": new.name,
            "returnUrl": new.return_url,
            "lineItems": [{"plan": {"appRecurringPricingDetails": details}}],
            "trialDays": new.trial_days,
            "test": new.test,
        }
        payload = self._ask(CREATE_SUBSCRIPTION, variables)["appSubscriptionCreate"]
        refused = "; ".join(error.message for error in user_errors(payload))
        if refused:
            return Created(refused=refused)
        external_id = str(payload["appSubscription"]["id"])
        address = str(payload["confirmationUrl"])
        if urlsplit(address).scheme not in ("http", "https"):
            raise GatewayError("appSubscriptionCreate: no address to agree at", final=True)
        return Created(external_id, address)

    def cancel(self, external_id: str) -> Standing:
        """End a subscription now."""
        payload = self._ask(CANCEL_SUBSCRIPTION, {"id": external_id})["appSubscriptionCancel"]
        errors = user_errors(payload)
        if errors:
            raise GatewayError(f"appSubscriptionCancel: {errors[0].message}", final=True)
        return _standing(payload["appSubscription"])

    def standing(self, external_id: str) -> Standing:
        """How a subscription stands now."""
        found = self._ask(READ_SUBSCRIPTION, {"id": external_id})["node"]
        if not found:
            raise GatewayError("the shop does not know the subscription", final=True)
        return _standing(found)

    def _ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return self._admin.ask(self._domain, self._token, document, variables)


def _standing(found: Mapping[str, Any]) -> Standing:
    ends = found.get("currentPeriodEnd")
    return Standing(
        external_id=str(found["id"]),
        status=str(found["status"]),
        period_ends_at=datetime.fromisoformat(ends) if ends else None,
    )
