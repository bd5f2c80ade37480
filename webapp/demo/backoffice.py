"""The shop's side of buying: a till, and the staff behind it, at the stand-in for Shopify."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from webapp.demo.catalogue import Product
from webapp.demo.drops import hundredths
from webapp.demo.settings import ShopConfig, sample

_SECONDS = 5.0
_NOWHERE = "http://127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody wants to buy: how many of what, who (empty for a guest), with which code."""

    lines: Sequence[tuple[Product, int]]
    customer: str
    locale: str
    code: str = ""


class BackOffice:
    """Speaks to the stand-in that the configuration names. Every call raises httpx.HTTPError when
    the shop does not answer, or refuses."""

    def __init__(self, config: Callable[[], ShopConfig]) -> None:
        self._config = config

    def quote(self, basket: Basket) -> Mapping[str, Any]:
        """What it would cost: `discount`, `shipping`, `tax`, `total`, and why the code is
        `refused`."""
        return self._tell("quotes", self._order(basket))

    def sell(self, basket: Basket) -> str:
        """Place a paid order; its number."""
        if basket.customer:
            self.introduce(basket.customer, basket.locale)
        return str(self._tell("orders", self._order(basket))["order"])

    def introduce(self, customer: str, locale: str) -> None:
        """Let the shop know how a customer is reached, who may have bought nothing yet."""
        self._tell("customers", addresses(self._config(), customer, locale))

    def history(self, customer: str) -> Sequence[Mapping[str, Any]]:
        """The customer's newest orders, newest first."""
        found: Sequence[Mapping[str, Any]] = self._tell("history", {"customer": customer})["orders"]
        return found

    def refund(self, order: str, part: str) -> None:
        """Give back a piece of an order (`piece`), or all that is left of it (`rest`)."""
        self._tell("refunds", {"order": order, part: True})

    def cancel(self, order: str) -> None:
        """Cancel an order and give its money back."""
        self._tell("cancellations", {"order": order, "refund": True})

    def _order(self, basket: Basket) -> dict[str, object]:
        currency = self._config().currency
        return {
            "customer": basket.customer or None,
            "locale": basket.locale,
            "code": basket.code,
            "lines": [
                {
                    "title": product.title,
                    "quantity": quantity,
                    "price": str(Decimal(hundredths(product, currency)) / 100),
                    "product": product.id,
                    "variant": product.id,
                }
                for product, quantity in basket.lines
            ],
        }

    def _tell(self, what: str, said: Mapping[str, object]) -> Mapping[str, Any]:
        config = self._config()
        base = config.standins.get("shopify", _NOWHERE)
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            answer = client.post(f"{base}/_shops/{config.shop_domain}/{what}", json=said)
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found


def addresses(config: ShopConfig, customer: str, locale: str) -> dict[str, object]:
    """Invented addresses of a customer who wants to hear from the shop."""
    known = sample(config, customer)
    email = known.email if known and known.email else f"customer-{customer}@{config.mail_domain}"
    return {
        "customer": customer,
        "email": email,
        "phone": f"{config.phone_prefix}{int(customer) % 10_000_000:07d}",
        "locale": locale,
        "verified_email": known.verified if known else True,
        "email_state": "SUBSCRIBED",
        "sms_state": "SUBSCRIBED",
    }
