"""/demo/phone: what the telephone shows, what it opens, and what it throws away."""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

import httpx
from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.core import i18n
from webapp.demo.drops import own_name
from webapp.demo.pass_view import draw
from webapp.demo.phone import MIME, SECONDS, Phone
from webapp.demo.proxy import AppProxy
from webapp.demo.settings import ShopConfig, shown_customers

TELEPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X)"
SILENT = "LoyalNest or Apple's stand-in does not answer."
_LINK = re.compile(r'href="([^"]*/w/[\w-]+)"')


class PhonePages:
    """What the routes do; one instance for all requests."""

    def __init__(self, config: Callable[[], ShopConfig], proxy: AppProxy) -> None:
        self._config, self._proxy = config, proxy
        folder = config().data_dir / f"phone-{config().port}"
        self._phone = Phone(folder, lambda: config().standins)

    def page(self) -> ResponseReturnValue:
        """All cards, the newest first, after it was asked whether any has changed."""
        language = i18n.negotiate(request.args.get("hl"))
        trouble = request.args.get("trouble", "")
        try:
            self._phone.listen()
        except (httpx.HTTPError, ValueError, KeyError):
            trouble = trouble or SILENT
        root = _root(self._config())
        cards = [
            (draw(self._phone.content(serial), language, root), self._phone.updates(serial))
            for serial in reversed(self._phone.serials())
        ]
        content = render_template(
            "phone.html",
            config=self._config(),
            cards=cards,
            heard=self._phone.heard,
            language=language,
            languages=[(tag, own_name(tag)) for tag in i18n.LOCALES],
            customers=shown_customers(self._config()),
            trouble=trouble,
        )
        return content, {"Cache-Control": "no-store"}

    def take(self) -> ResponseReturnValue:
        """Open the link that was scanned or pasted, or that the shop shows a customer."""
        _refuse_others()
        language = i18n.negotiate(request.form.get("hl"))
        try:
            given = request.form.get("link", "").strip()
            link = given or self._link_of(request.form.get("customer", ""), language)
            if not link.startswith(f"{self._config().web_url}/w/"):
                raise ValueError("this is no link to a card")
            self._phone.take(link)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            return _back(language, f"No card: {error}")
        return _back(language)

    def forget(self) -> ResponseReturnValue:
        """Throw a card away."""
        _refuse_others()
        try:
            self._phone.forget(request.form.get("serial", ""))
        except (httpx.HTTPError, KeyError):
            abort(HTTPStatus.NOT_FOUND)
        return _back(i18n.negotiate(request.form.get("hl")))

    def file(self, serial: str) -> ResponseReturnValue:
        """A card's file."""
        try:
            return Response(self._phone.content(serial), mimetype=MIME)
        except KeyError:
            abort(HTTPStatus.NOT_FOUND)

    def _link_of(self, customer: str, language: str) -> str:
        """The link that the wallet buttons of the shop have for a customer on an Apple
        telephone."""
        query = self._proxy.signed_query([("locale", language)], customer)
        url = f"{self._config().web_url}/proxy/widgets/wallet_buttons?{query}"
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            found = _LINK.search(client.get(url, headers={"User-Agent": TELEPHONE}).text)
        if found is None:
            raise ValueError("the shop offers this customer no card")
        return found[1]


def create_blueprint(config: Callable[[], ShopConfig], proxy: AppProxy) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("phone", __name__, url_prefix="/demo/phone", template_folder="templates")
    pages = PhonePages(config, proxy)
    blueprint.add_url_rule("", view_func=pages.page)
    blueprint.add_url_rule("/take", view_func=pages.take, methods=["POST"])
    blueprint.add_url_rule("/forget", view_func=pages.forget, methods=["POST"])
    blueprint.add_url_rule("/<serial>.pkpass", view_func=pages.file)
    return blueprint


def _refuse_others() -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(HTTPStatus.FORBIDDEN)


def _back(language: str, trouble: str = "") -> ResponseReturnValue:
    more = f"&trouble={quote(trouble)}" if trouble else ""
    return redirect(f"/demo/phone?hl={language}{more}", HTTPStatus.SEE_OTHER)


def _root(config: ShopConfig) -> str:
    """The authority that the telephone trusts."""
    file = config.data_dir.parent / "authority.pem"
    return file.read_text() if file.exists() else ""
