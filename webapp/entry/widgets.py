"""App Proxy fragments: signature, locale, cache, ETag. Set once, here, for every widget.

A stranger or a failure gets an empty, valid fragment with the code of the failure, and a log line;
never a redirect and never a traceback, for the answer lands in a merchant's shop.
"""

import hashlib
import logging
import re
from collections.abc import Callable

from flask import Blueprint, Response, g, render_template, request
from markupsafe import Markup

from webapp.core import discovery, i18n, members, routing, tenancy
from webapp.core.cache import fragment_key
from webapp.core.contract import Visitor
from webapp.core.db import connection_lost
from webapp.core.errors import INTERNAL, NOT_FOUND, SIGNATURE_INVALID, UNAVAILABLE, AppError
from webapp.core.routing import StoreAddress
from webapp.entry import parts
from webapp.features.accounts import service as accounts

log = logging.getLogger(__name__)
blueprint = Blueprint("widgets", __name__)

FRAGMENT_SECONDS = 60
SHOP_ROOT = re.compile(r"/[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@blueprint.get("/proxy/widgets/<name>")
def fragment(name: str) -> Response:
    """One widget's fragment for the signed-in customer of the shop, or for a guest."""
    g.locale = i18n.negotiate(request.args.get("locale"))
    return answer(lambda: render(name))


def answer(produce: Callable[[], bytes]) -> Response:
    """The fragment, or the empty one when producing it fails."""
    try:
        return with_validators(produce())
    except AppError as error:
        log.info("fragment refused: %s", error.kind.code)
        return empty(error)
    except Exception as error:
        log.exception("fragment failed")
        return empty(AppError(UNAVAILABLE if connection_lost(error) else INTERNAL))


def render(name: str) -> bytes:
    """The fragment's bytes, from the cache or fresh. Raises AppError."""
    address, asked = authenticate()
    if name not in discovery.widgets():
        raise AppError(NOT_FOUND)
    template, widget = discovery.widgets()[name]
    database, cache = parts().database, parts().cache
    customer_id = None
    if asked.customer:
        with database.transaction(address.merchant_id, readonly=True) as ctx:
            customer_id = members.member_of_identity(ctx, address.store_id, asked.customer)
    root = shop_root(request.args.get("root", ""))
    signed_in = asked.customer is not None
    visitor = Visitor(asked.shop, asked.path_prefix, root, customer_id, signed_in)
    tags = widget.tags(visitor)
    who = customer_id or ("new" if signed_in else "guest")
    key = fragment_key(address.merchant_id, g.locale, root, name, who)
    found = cache.get(key, tags)
    body = found.value
    if body is None:
        with database.transaction(address.merchant_id, locale=g.locale, readonly=True) as ctx:
            values = widget.load(ctx, visitor)
        body = render_template(
            template,
            **values,
            locale=g.locale,
            dir=i18n.direction(g.locale),
            path_prefix=asked.path_prefix,
            root=root,
        ).encode()
        cache.put(key, found, body, FRAGMENT_SECONDS)
    return body


def shop_root(asked: str) -> str:
    """Where the shop's addresses begin in the visitor's language, e.g. `/ar`; empty for anything
    that is no plain language folder."""
    return asked if SHOP_ROOT.fullmatch(asked) else ""


def authenticate() -> tuple[StoreAddress, tenancy.ProxyRequest]:
    """Who asks, proven by the signature of the shop's own app. Raises AppError.

    An unknown shop answers like a wrong signature, so that nobody can list our shops.
    """
    query = request.query_string.decode("utf-8", "replace")
    shop = tenancy.proxy_shop(query)
    with parts().database.before_tenant() as db:
        address = routing.tenant_of_shop(db, shop)
        secrets = accounts.app_secrets(db, parts().keys, address.app_id) if address else ()
    asked = tenancy.verify_proxy_request(query, secrets, parts().clock.wall())
    if address is None:
        raise AppError(SIGNATURE_INVALID)
    return address, asked


def with_validators(body: bytes) -> Response:
    """The fragment with its ETag; 304 when the browser has it already. The browser must ask each
    time, since one address serves guests and members alike."""
    response = Response(body, mimetype="text/html")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    response.headers["X-Robots-Tag"] = "noindex"
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
