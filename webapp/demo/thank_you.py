"""The pages of a checkout on which UI extensions stand, as far as ours needs them.

Shopify runs a UI extension in a sandbox and draws its `s-*` elements itself. Here the extension's
own source runs in a frame of the thank-you page: with the global `shopify`, session tokens that the
shop signs for whoever is signed in, and a style sheet for the elements.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import jwt
from flask import Blueprint, Response, abort, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from webapp.core import i18n
from webapp.core.clock import Clock
from webapp.demo.pages import current_customer, current_locale
from webapp.demo.settings import ShopConfig

SOURCE = Path(__file__).resolve().parents[2] / "extensions" / "loyalnest-thank-you" / "src"
LIFE_SECONDS = 300
SCRIPTS = ("points.js",)


class ThankYou:
    """What the routes do; one instance for all requests."""

    def __init__(self, config: Callable[[], ShopConfig], clock: Clock) -> None:
        self._config, self._clock = config, clock

    def frame(self) -> ResponseReturnValue:
        """The document in which the extension runs."""
        order, tag = request.args.get("order", ""), current_locale()
        html = render_template(
            "thank_you.html",
            order=order if order.isdigit() else "",
            locale=tag,
            language=i18n.shopify_tags(tag)[0],
            dir=i18n.direction(tag),
            root=request.script_root,
            storefront=request.host_url,
        )
        return html, {"Cache-Control": "no-store"}

    def token(self) -> ResponseReturnValue:
        """A session token as Shopify signs it; without a customer nobody is signed in."""
        shop, now = self._config(), int(self._clock.wall().timestamp())
        claims: dict[str, object] = {
            "dest": shop.shop_domain,
            "aud": shop.api_key,
            "exp": now + LIFE_SECONDS,
            "nbf": now,
            "iat": now,
        }
        if current_customer():
            claims["sub"] = f"gid://shopify/Customer/{current_customer()}"
        signed = jwt.encode(claims, shop.app_secret, algorithm="HS256")
        return {"token": signed}, {"Cache-Control": "no-store"}

    def backend(self) -> ResponseReturnValue:
        """In the place of the extension's own file: where LoyalNest is in the demo."""
        body = f"export const BACKEND = {json.dumps(self._config().web_url)};\n"
        return Response(body, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})

    def script(self, name: str) -> ResponseReturnValue:
        """The extension's own source."""
        if name not in SCRIPTS:
            abort(HTTPStatus.NOT_FOUND)
        return send_from_directory(SOURCE, name, mimetype="text/javascript", max_age=0)


def create_blueprint(config: Callable[[], ShopConfig], clock: Clock) -> Blueprint:
    """The frame, what runs in it, and its tokens."""
    blueprint = Blueprint(
        "thank_you", __name__, url_prefix="/checkout/extension", template_folder="templates"
    )
    page = ThankYou(config, clock)
    blueprint.add_url_rule("", view_func=page.frame)
    blueprint.add_url_rule("/token", view_func=page.token)
    blueprint.add_url_rule("/backend.js", view_func=page.backend)
    blueprint.add_url_rule("/<name>", view_func=page.script)
    return blueprint
