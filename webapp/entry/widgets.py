"""App Proxy fragments: signature, locale, cache, ETag. Set once, here, for every widget.

A stranger or a failure gets an empty, valid fragment with the code of the failure, and a log line;
never a redirect and never a traceback, for the answer lands in a merchant's shop.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, Response, current_app, g, render_template, request
from markupsafe import Markup

from webapp.core import discovery, i18n, members, tenancy
from webapp.core.cache import content_tag, fragment_key
from webapp.core.contract import Visitor
from webapp.core.db import connection_lost
from webapp.core.errors import INTERNAL, NOT_FOUND, RATE_LIMITED, UNAVAILABLE, AppError
from webapp.core.routing import StoreAddress
from webapp.entry import parts, visitors
from webapp.entry.shops import proven_shop
from webapp.features.theme import service as theme

log = logging.getLogger(__name__)
blueprint = Blueprint("widgets", __name__)

FRAGMENT_SECONDS = 60
# So many fragments are drawn for one merchant, that no shop takes the others' turn. What has been
# drawn a moment ago is answered without counting.
DRAWN_A_MINUTE = 60_000
VALIDATED = {
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie",
    "X-Robots-Tag": "noindex",
}
MOST_NOTED = 10_000
ENTRY = re.compile(r"[0-9]{1,18}", re.ASCII)
SHOP_ROOT = re.compile(r"/[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@blueprint.get("/proxy/widgets/<name>")
def fragment(name: str) -> Response:
    """One widget's fragment for the signed-in customer of the shop, or for a guest."""
    g.locale = i18n.negotiate(request.args.get("locale"))
    return answer(lambda: render(name))


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment's bytes, the tag by which a browser knows them again, and where they are from:
    "process", "cache", or "database" when they were drawn for this answer."""

    body: bytes
    etag: str
    source: str

    @classmethod
    def of(cls, body: bytes, source: str) -> "Fragment":
        return cls(body, hashlib.sha256(body).hexdigest()[:32], source)


def answer(produce: Callable[[], Fragment]) -> Response:
    """The fragment, or the empty one when producing it fails."""
    try:
        return with_validators(produce())
    except AppError as error:
        log.info("fragment refused: %s", error.kind.code)
        return empty(error)
    except Exception as error:
        log.exception("fragment failed")
        return empty(AppError(UNAVAILABLE if connection_lost(error) else INTERNAL))


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of an action, in the shopper's language; `storefront.html` shows it."""

    good: bool
    text: str


def render(name: str) -> Fragment:
    """The fragment from what this process has just answered, from the cache, or fresh. Raises
    AppError."""
    address, asked = authenticate()
    if name not in discovery.fragments():
        raise AppError(NOT_FOUND)
    near, state = parts().near, parts().near.state()
    root = shop_root(request.args.get("root", ""))
    own = f"{name}:{kind_of_device(name)}"
    key = f"{address.store_id}:{g.locale}:{root}:{asked.path_prefix}:{own}:{asked.customer or ''}"
    if "before" not in request.args:
        kept: Fragment | None = near.get(key)
        if kept is not None:
            return kept
    note_shown(address, name)
    visitor = visitor_of(address, asked, member_of(address, asked))
    if visitor.before is not None:
        # Somebody could ask for any number of these, so they are not kept.
        return Fragment.of(draw(address, visitor, name), "database")
    fragment = cached(address, visitor, name)
    # Nothing says when a customer whom we have not met becomes a member.
    if visitor.customer_id is not None or not visitor.signed_in:
        _, widget = discovery.fragments()[name]
        near.keep(key, widget.tags(visitor), replace(fragment, source="process"), state)
    return fragment


def note_shown(address: StoreAddress, name: str) -> None:
    """Note that a store shows a widget on this kind of page: each process once a day, and the first
    of them counts. The fragment is answered whatever becomes of that."""
    page = theme.known_placement(request.args.get("page", ""))
    noted: dict[tuple[str, str, str], date] = current_app.extensions.setdefault("shown", {})
    shown, today = (address.store_id, name, page), parts().clock.wall().date()
    if noted.get(shown) == today:
        return
    if len(noted) >= MOST_NOTED:
        noted.clear()
    noted[shown] = today
    try:
        with parts().database.transaction(address.merchant_id) as ctx:
            theme.note_render(ctx, address.store_id, name, page)
    except Exception:
        log.warning("that a widget is shown was not noted", exc_info=True)


def cached(address: StoreAddress, visitor: Visitor, name: str) -> Fragment:
    """The fragment from the cache, or fresh. Raises AppError(rate_limited)."""
    _, widget = discovery.fragments()[name]
    who = visitor.customer_id or ("new" if visitor.signed_in else "guest")
    own = f"{name}:{visitor.device}" if widget.by_device else name
    key = fragment_key(address.merchant_id, address.store_id, g.locale, visitor.root, own, who)
    content = content_tag(address.merchant_id, g.locale)
    found = parts().cache.get(key, (*widget.tags(visitor), content))
    if found.value is not None:
        return Fragment.of(found.value, "cache")
    allowance = parts().limiter.take(f"fragments:{address.merchant_id}", DRAWN_A_MINUTE)
    if not allowance.granted:
        raise AppError(RATE_LIMITED, seconds=str(allowance.reset))
    body = draw(address, visitor, name)
    parts().cache.put(key, found, body, FRAGMENT_SECONDS)
    return Fragment.of(body, "database")


def draw(address: StoreAddress, visitor: Visitor, name: str, notice: Notice | None = None) -> bytes:
    """A widget's fragment as it is now, with a notice where there is one."""
    template, widget = discovery.fragments()[name]
    with parts().database.transaction(address.merchant_id, locale=g.locale, readonly=True) as ctx:
        values = widget.load(ctx, visitor)
    return render_template(
        template,
        **values,
        notice=notice,
        locale=g.locale,
        dir=i18n.direction(g.locale),
        path_prefix=visitor.path_prefix,
        root=visitor.root,
    ).encode()


def member_of(address: StoreAddress, asked: tenancy.ProxyRequest) -> str | None:
    """The member that is signed in; None for guests, and for a customer we have not met yet."""
    if asked.customer is None:
        return None
    with parts().database.transaction(address.merchant_id, readonly=True) as ctx:
        return members.member_of_identity(ctx, address.store_id, asked.customer)


def visitor_of(
    address: StoreAddress, asked: tenancy.ProxyRequest, customer_id: str | None
) -> Visitor:
    before = request.args.get("before", "")
    return Visitor(
        shop=asked.shop,
        path_prefix=asked.path_prefix,
        root=shop_root(request.args.get("root", "")),
        customer_id=customer_id,
        signed_in=asked.customer is not None,
        store_id=address.store_id,
        external_id=asked.customer,
        before=int(before) if ENTRY.fullmatch(before) else None,
        device=visitors.device(request),
    )


def kind_of_device(name: str) -> str:
    """What the browser runs on, where the widget is another one for it; else nothing."""
    _, widget = discovery.fragments()[name]
    return visitors.device(request) if widget.by_device else ""


def shop_root(asked: str) -> str:
    """Where the shop's addresses begin in the visitor's language, e.g. `/ar`; empty for anything
    that is no plain language folder."""
    return asked if SHOP_ROOT.fullmatch(asked) else ""


def authenticate() -> tuple[StoreAddress, tenancy.ProxyRequest]:
    """Who asks, proven by the signature of the shop's own app. Raises AppError."""
    query, wall = request.query_string.decode("utf-8", "replace"), parts().clock.wall()
    return proven_shop(
        tenancy.proxy_shop(query),
        lambda secrets: tenancy.verify_proxy_request(query, secrets, wall),
    )


def with_validators(fragment: Fragment) -> Response:
    """The fragment with its ETag; 304 when the browser has it already. The browser must ask each
    time, since one address serves guests and members alike."""
    named = {"ETag": f'"{fragment.etag}"', "X-LoyalNest-Cache": fragment.source}
    response = Response(fragment.body, headers={**VALIDATED, **named}, mimetype="text/html")
    if "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response


def empty(error: AppError) -> Response:
    """A valid fragment without content that names the failure."""
    markup = Markup('<div class="ln-fragment" lang="{}" dir="{}" data-error="{}"></div>')
    body = markup.format(g.locale, i18n.direction(g.locale), error.kind.code)
    response = Response(body, status=error.kind.http, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-LoyalNest-Error"] = error.kind.code
    return response
