"""Pages inside a shop's theme, through the App Proxy.

They are answered as Liquid (`application/liquid`), so that the theme frames them. Nothing that we
were told is read as Liquid: what could begin a tag is written as a character reference. Without
`?locale=` the answer holds all languages, of which the shop takes its own. The status is 200 also
for what is not there, since Shopify may show a page of its own in the place of any other; only what
fails on our side says so.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from flask_babel import force_locale  # type: ignore[import-untyped]

from webapp.core import discovery, i18n
from webapp.core.contract import ProxyPage, Seen, Visitor
from webapp.core.errors import NOT_FOUND, AppError
from webapp.core.routing import StoreAddress
from webapp.core.words import new_id
from webapp.entry import calls, parts, proxy, static_files, visitors, widgets
from webapp.entry.widgets import Notice

log = logging.getLogger(__name__)
blueprint = Blueprint("proxy_pages", __name__)

TAG = re.compile(r"\{(?=[{%])")
# What a template may have the shop fill in.
ROUTES = {"[account_login]": "{{ routes.account_login_url }}"}
ASSETS = {
    "page.css": static_files.ROOT / "static/css/proxy-page.css",
    "page.js": static_files.ROOT / "static/js/proxy-page.js",
    "htmx.js": static_files.VENDOR["htmx.js"],
}


@blueprint.get("/proxy/assets/<name>")
def asset(name: str) -> Response:
    """Style and scripts of these pages. They belong to nobody, so no signature is asked for."""
    if name not in ASSETS:
        raise AppError(NOT_FOUND)
    return static_files.file_at(ASSETS[name])


@blueprint.get("/proxy/<path>/<name>")
def show(path: str, name: str) -> Response:
    """A page as the visitor may see it."""
    begin()
    try:
        template, page = page_at(path)
        address, visitor = who()
        note_look(page, address, visitor, name)
        values = load(page, address, visitor, name, given())
        return liquid(one_or_all(template, visitor, values))
    except Exception as error:
        return failed(error)


@blueprint.post("/proxy/<path>/<name>")
def act(path: str, name: str) -> Response:
    """Take the page's form, then the page again: whole, or for HTMX alone."""
    begin()
    try:
        template, page = page_at(path)
        said = proxy.given()
        address, asked = widgets.authenticate()
        member = widgets.member_of(address, asked)
        visitor = widgets.visitor_of(address, asked, member)
        answer: Mapping[str, Any] = {}
        notice = None
        try:
            named = {**said, page.named: name}
            answer, _ = proxy.perform(page.action, address, asked, member, named)
        except AppError as error:
            notice = Notice(False, error.message(g.locale))
        more = {"claim": str(answer.get("claim_id") or "")}
        values = load(page, address, visitor, name, more)
        return liquid(draw(template, visitor, {**values, "answer": answer, "notice": notice}))
    except Exception as error:
        return failed(error)


def begin() -> None:
    accepted = request.headers.get("Accept-Language")
    g.locale = i18n.negotiate(request.args.get("locale"), accepted)
    g.call_notes = calls.Notes()


def page_at(path: str) -> tuple[str, ProxyPage]:
    """Raises AppError(not_found)."""
    if path not in discovery.proxy_pages():
        raise AppError(NOT_FOUND)
    return discovery.proxy_pages()[path]


def who() -> tuple[StoreAddress, Visitor]:
    """Who looks, at which store. Raises AppError as `widgets.authenticate`."""
    address, asked = widgets.authenticate()
    return address, widgets.visitor_of(address, asked, widgets.member_of(address, asked))


def given() -> dict[str, str]:
    """What the address says for the page itself."""
    return request.args.to_dict()


def load(
    page: ProxyPage, address: StoreAddress, visitor: Visitor, name: str, more: Mapping[str, str]
) -> Mapping[str, Any]:
    database = parts().database
    with database.transaction(address.merchant_id, locale=g.locale, readonly=True) as ctx:
        return page.load(ctx, visitor, name, more)


def note_look(page: ProxyPage, address: StoreAddress, visitor: Visitor, name: str) -> None:
    """Tell the page that somebody looks. The page is shown whatever becomes of that."""
    if visitors.is_machine(request) or request.headers.get("HX-Request"):
        return
    seen = Seen(visitors.fingerprint(request), name, visitor.customer_id)
    try:
        with parts().database.transaction(address.merchant_id) as ctx:
            page.seen(ctx, seen)
    except Exception:
        log.warning("a look at a page was not counted", exc_info=True)


def one_or_all(template: str, visitor: Visitor, values: Mapping[str, Any]) -> str:
    """The page in the language that was asked for; else in all, with the shop choosing its own."""
    if request.args.get("locale"):
        return draw(template, visitor, values)
    choices = []
    for tag in i18n.LOCALES:
        g.locale = tag
        named = ", ".join(f"'{name}'" for name in i18n.shopify_tags(tag))
        choices.append(f"{{%- when {named} -%}}{draw(template, visitor, values)}")
    g.locale = "en"
    other = f"{{%- else -%}}{draw(template, visitor, values)}"
    return f"{{%- case request.locale.iso_code -%}}{''.join(choices)}{other}{{%- endcase -%}}"


def draw(template: str, visitor: Visitor, values: Mapping[str, Any]) -> str:
    """The page in the language of `g.locale`, with nothing in it that Liquid would read, except
    the routes that a template asks for."""
    with force_locale(i18n.babel_locale(g.locale)):
        html = render_template(
            template,
            **{"answer": {}, "notice": None, **values},
            locale=g.locale,
            dir=i18n.direction(g.locale),
            path_prefix=visitor.path_prefix,
            key=new_id(""),
        )
    html = TAG.sub("&#123;", html)
    for word, route in ROUTES.items():
        html = html.replace(word, route)
    return html


def liquid(body: str, status: int = 200) -> Response:
    """The answer; for HTMX without the theme around it. The theme frames it anew each time, so it
    carries no ETag."""
    alone = "{% layout none %}" if request.headers.get("HX-Request") else ""
    response = Response(alone + body, status=status, content_type="application/liquid")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def failed(error: Exception) -> Response:
    """A page inside the theme that says what failed."""
    failure = calls.visible(error)
    log.info("page refused: %s", failure.kind.code)
    body = render_template(
        "storefront_failure.html",
        locale=g.locale,
        dir=i18n.direction(g.locale),
        message=failure.message(g.locale),
        code=failure.kind.code,
    )
    response = liquid(TAG.sub("&#123;", body), failure.kind.http)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-LoyalNest-Error"] = failure.kind.code
    return response
