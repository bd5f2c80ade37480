"""The customer's own page: points, rewards, orders, and for the demo what the shop's staff does."""

from http import HTTPStatus

import httpx
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from webapp.demo import drops
from webapp.demo.backoffice import BackOffice
from webapp.demo.pages import ShopPages, current_customer, current_locale, go, here, say_here

STAFF = ("piece", "rest", "cancel")


class Account:
    """What the routes do; one instance for all requests."""

    def __init__(self, pages: ShopPages, office: BackOffice) -> None:
        self._pages, self._office = pages, office

    def page(self) -> ResponseReturnValue:
        """The member's page; guests are sent to sign in."""
        customer = current_customer()
        if not customer:
            return go(here("/account/login"))
        try:
            found = self._office.history(customer)
            orders = [drops.order_drop(one, current_locale()) for one in found]
        except httpx.HTTPError:
            orders = None
        done = request.args.get("done", "")
        return self._pages.show(
            "customers/account",
            say_here("demo_shop.account.title"),
            orders=orders,
            staff_done=done if done.isdigit() else "",
            staff_failed="failed" in request.args,
        )

    def act(self, deed: str) -> ResponseReturnValue:
        """What the shop's staff does to one of this customer's orders."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(HTTPStatus.FORBIDDEN)
        order = request.form.get("order", "")
        try:
            mine = {str(one["order"]) for one in self._office.history(current_customer() or "0")}
            if order not in mine:
                abort(HTTPStatus.NOT_FOUND)
            self._do(deed, order)
        except httpx.HTTPError:
            return go(here("/account?failed=1#orders"))
        return go(here(f"/account?done={order}#orders"))

    def _do(self, deed: str, order: str) -> None:
        if deed == "cancel":
            self._office.cancel(order)
        else:
            self._office.refund(order, deed)


def create_blueprint(account: Account) -> Blueprint:
    """/account, and POST /demo/staff/<deed>."""
    blueprint = Blueprint("account", __name__)
    blueprint.add_url_rule("/account", view_func=account.page)
    names = ",".join(STAFF)
    blueprint.add_url_rule(
        f"/demo/staff/<any({names}):deed>", view_func=account.act, methods=["POST"]
    )
    return blueprint
