"""Buying in the demo shop: the cart becomes a paid order of the stand-in for Shopify, which tells
LoyalNest of it by a signed webhook, as Shopify would.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus

import httpx
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from webapp.demo.cart import COOKIE, Cart
from webapp.demo.catalogue import Product, say
from webapp.demo.drops import hundredths
from webapp.demo.pages import ShopPages, current_customer, current_locale
from webapp.demo.settings import ShopConfig

_SECONDS = 5.0


class Till:
    """Places orders at the stand-in that the configuration names."""

    def __init__(self, config: Callable[[], ShopConfig]) -> None:
        self._config = config

    def sell(self, lines: Sequence[tuple[Product, int]], customer: str, locale: str) -> str:
        """Place a paid order; its number. Raises httpx.HTTPError when the shop does not answer."""
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            if customer:
                self._tell(client, "customers", addresses(customer, locale))
            currency = self._config().currency
            order = {
                "customer": customer or None,
                "locale": locale,
                "lines": [
                    {
                        "title": product.title,
                        "quantity": quantity,
                        "price": str(Decimal(hundredths(product, currency)) / 100),
                        "product": product.id,
                        "variant": product.id,
                    }
                    for product, quantity in lines
                ],
            }
            return str(self._tell(client, "orders", order)["order"])

    def _tell(
        self, client: httpx.Client, what: str, said: Mapping[str, object]
    ) -> Mapping[str, object]:
        config = self._config()
        base = config.standins.get("shopify", "http://127.0.0.1:0")
        answer = client.post(f"{base}/_shops/{config.shop_domain}/{what}", json=said)
        answer.raise_for_status()
        found: Mapping[str, object] = answer.json()
        return found


def addresses(customer: str, locale: str) -> dict[str, object]:
    """Invented addresses of a customer who wants to hear from the shop."""
    return {
        "customer": customer,
        "email": f"customer-{customer}@example.com",
        "phone": f"+1555{int(customer) % 10_000_000:07d}",
        "locale": locale,
        "email_state": "SUBSCRIBED",
        "sms_state": "SUBSCRIBED",
    }


def create_blueprint(pages: ShopPages, till: Till) -> Blueprint:
    """`POST /cart/checkout`, and the page after it."""
    blueprint = Blueprint("checkout", __name__)

    @blueprint.post("/cart/checkout")
    def checkout() -> ResponseReturnValue:
        cart = Cart(request.cookies.get(COOKIE, ""))
        if not cart.lines():
            return redirect(f"{request.script_root}/cart", HTTPStatus.SEE_OTHER)
        try:
            number = till.sell(cart.lines(), current_customer(), current_locale())
        except httpx.HTTPError:
            title = say(current_locale(), "demo_shop.cart.title") or ""
            return pages.show("cart", title, checkout_failed=True), HTTPStatus.BAD_GATEWAY
        address = f"{request.script_root}/checkout/thank-you?order={number}"
        answer = redirect(address, HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    @blueprint.get("/checkout/thank-you")
    def thanks() -> ResponseReturnValue:
        number = request.args.get("order", "")
        title = say(current_locale(), "demo_shop.thanks.title") or ""
        return pages.show("thanks", title, order_number=number if number.isdigit() else "")

    return blueprint
