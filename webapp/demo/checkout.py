"""The cart and the till: what is in it, which code counts, and a paid order of the stand-in for
Shopify, which tells LoyalNest of it by a signed webhook, as Shopify would.

A link /discount/CODE?redirect=/path keeps the code in a cookie until the next order, as Shopify's.
"""

from http import HTTPStatus

import httpx
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as Redirect

from webapp.demo import cookies, drops
from webapp.demo.backoffice import BackOffice, Basket
from webapp.demo.cart import Cart
from webapp.demo.pages import (
    ShopPages,
    current_customer,
    current_locale,
    go,
    here,
    local,
    say_here,
)

MOST_CODE = 64


class Checkout:
    """What the routes do; one instance for all requests."""

    def __init__(self, pages: ShopPages, office: BackOffice) -> None:
        self._pages, self._office = pages, office

    def cart(self, **more: object) -> Response:
        """The cart with what it would cost; without a sum where the shop does not answer."""
        title = say_here("demo_shop.cart.title")
        code = current_code()
        try:
            found = self._office.quote(_basket(code)) if _cart().lines() else None
        except httpx.HTTPError:
            found = None
        quote = drops.quote_drop(found, code) if found else None
        return self._pages.show("cart", title, quote=quote, discount_code=code, **more)

    def buy(self) -> ResponseReturnValue:
        """Place the order; a code that does not count is left out, as the cart has said."""
        if not _cart().lines():
            return go(here("/cart"))
        try:
            code = current_code()
            counts = code and not self._office.quote(_basket(code))["refused"]
            number = self._office.sell(_basket(code if counts else ""))
        except httpx.HTTPError:
            return self.cart(checkout_failed=True), HTTPStatus.BAD_GATEWAY
        answer = go(here(f"/checkout/thank-you?order={number}"))
        for name in (cookies.CART, cookies.CODE):
            cookies.forget(answer, name)
        return answer

    def thanks(self) -> Response:
        """The page after an order."""
        number = request.args.get("order", "")
        title = say_here("demo_shop.thanks.title")
        return self._pages.show("thanks", title, order_number=number if number.isdigit() else "")


def create_blueprint(checkout: Checkout) -> Blueprint:
    """/cart and what is done with it, /discount/<code>, /checkout/thank-you."""
    blueprint = Blueprint("checkout", __name__)
    blueprint.add_url_rule("/cart", view_func=checkout.cart, endpoint="cart")
    blueprint.add_url_rule("/cart/checkout", view_func=checkout.buy, methods=["POST"])
    blueprint.add_url_rule("/checkout/thank-you", view_func=checkout.thanks)

    @blueprint.post("/cart/add")
    def add() -> ResponseReturnValue:
        cart = _cart()
        cart.add(request.form.get("id", ""), request.form.get("quantity", "1"))
        return _to_cart(cart)

    @blueprint.post("/cart/change")
    def change() -> ResponseReturnValue:
        cart = _cart()
        cart.set(request.values.get("id", ""), request.values.get("quantity", ""))
        return _to_cart(cart)

    @blueprint.post("/cart/update")
    def update() -> ResponseReturnValue:
        cart = _cart()
        for name, quantity in request.form.items():
            if name.startswith("updates["):
                cart.set(name.removeprefix("updates[").removesuffix("]"), quantity)
        return _to_cart(cart)

    @blueprint.post("/cart/discount")
    def discount() -> ResponseReturnValue:
        return _with_code(go(here("/cart")), request.form.get("discount", ""))

    @blueprint.get("/discount/<code>")
    def link(code: str) -> ResponseReturnValue:
        answer = go(local(request.args.get("redirect", "")) or here("/"))
        return _with_code(answer, code)

    return blueprint


def current_code() -> str:
    """The code that the shopper brought along; empty when there is none."""
    return _clean(cookies.kept(cookies.CODE))


def _with_code(answer: Redirect, code: str) -> Redirect:
    cleaned = _clean(code)
    if cleaned:
        cookies.keep(answer, cookies.CODE, cleaned)
    else:
        cookies.forget(answer, cookies.CODE)
    return answer


def _clean(code: str) -> str:
    """Nothing but what a cookie and a page can hold."""
    kept = code.strip()
    plain = kept.isascii() and kept.isprintable() and len(kept) <= MOST_CODE
    return kept if plain and not set(kept) & set(' ",;\\') else ""


def _cart() -> Cart:
    return Cart(cookies.kept(cookies.CART))


def _basket(code: str) -> Basket:
    return Basket(_cart().lines(), current_customer(), current_locale(), code)


def _to_cart(cart: Cart) -> Redirect:
    answer = go(here("/cart"))
    cookies.keep(answer, cookies.CART, str(cart))
    return answer
