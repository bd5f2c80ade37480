"""The pages of the shop: home, products, cart, account, under a prefix for every language."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import escape
from werkzeug.wrappers import Response as Redirect

from webapp.core import i18n
from webapp.demo import cookies, drops
from webapp.demo.cart import Cart
from webapp.demo.catalogue import BY_HANDLE, PRODUCTS, say
from webapp.demo.liquid import Storefront
from webapp.demo.settings import ShopConfig, sample
from webapp.demo.standins.metafields import MetafieldStore

_LOCALE = "nest_bloom.locale"
_BY_PREFIX = {tag.lower(): tag for tag in i18n.LOCALES if tag != "en"}
_RELATED = 4


class LocalePrefix:
    """Takes the language off the front of the path, as Shopify serves `/de/cart`.

    The prefix moves into SCRIPT_NAME, so that every generated address keeps the language.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        first, _, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        tag = _BY_PREFIX.get(first.lower())
        environ[_LOCALE] = tag or "en"
        if tag:
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{tag}"
            environ["PATH_INFO"] = f"/{rest}"
        return self._application(environ, start_response)


def current_locale() -> str:
    """The language of the current request's address."""
    return str(request.environ.get(_LOCALE, "en"))


def current_customer() -> str:
    """The id of the signed-in customer, empty for a guest. There is no password in this shop."""
    return _customer_number(cookies.kept(cookies.CUSTOMER))


class ShopPages:
    """What the routes show; one instance for all requests."""

    def __init__(
        self, config: Callable[[], ShopConfig], store: MetafieldStore, storefront: Storefront
    ) -> None:
        self._config = config
        self._store = store
        self._storefront = storefront

    def show(self, template: str, title: str, **objects: object) -> Response:
        """One page of the theme. `objects` are added to those that every page has."""
        scope = {**self._scope(template, title), **objects}
        html = self._storefront.render(template, scope, current_locale())
        return _page(html)

    def render_liquid(self, text: str) -> str:
        """An application/liquid answer of the App Proxy."""
        return self._storefront.render_liquid(text, self._scope("page", ""), current_locale())

    def product(self, handle: str) -> ResponseReturnValue:
        """A product with its suggestions, or the page for what is not there."""
        product = BY_HANDLE.get(handle)
        if product is None:
            return self.missing()
        currency, prefix = self._config().currency, request.script_root
        start = PRODUCTS.index(product) + 1
        others = [*PRODUCTS[start:], *PRODUCTS[:start]][:_RELATED]
        return self.show(
            "product",
            product.title,
            product=drops.product_drop(product, currency, prefix),
            recommendations={
                "products": [drops.product_drop(other, currency, prefix) for other in others]
            },
        )

    def missing(self) -> ResponseReturnValue:
        """The page for what is not there."""
        return self.show("404", say_here("demo_shop.missing.title")), HTTPStatus.NOT_FOUND

    def login(self) -> ResponseReturnValue:
        """Sign in as `customer_id` and go on to `return_to`; without an id, show who there is."""
        given = request.values.get("customer_id", "").strip()
        number = _customer_number(given)
        if not number:
            login = {"wrong": bool(given), "return_to": request.values.get("return_to", "")}
            return self.show("customers/login", say_here("demo_shop.account.sign_in"), login=login)
        answer = go(local(request.values.get("return_to", "")) or here("/account"))
        cookies.keep(answer, cookies.CUSTOMER, number)
        return answer

    def _scope(self, template: str, title: str) -> dict[str, object]:
        config, tag, prefix = self._config(), current_locale(), request.script_root
        collection = drops.collection_drop(tag, config.currency, prefix)
        cart = Cart(cookies.kept(cookies.CART))
        kind = template.rpartition("/")[2]
        return {
            "shop": drops.shop_drop(config, request.host_url.rstrip("/")),
            "customer": self._customer(),
            "cart": drops.cart_drop(cart, config.currency, prefix),
            "collection": collection,
            "collections": {"all": collection},
            "routes": drops.routes_drop(prefix),
            "localization": drops.localization_drop(tag),
            "request": {
                "locale": drops.locale_drop(tag),
                "path": prefix + request.path,
                "host": request.host,
                "page_type": template,
                "design_mode": False,
            },
            "settings": {"tone": config.tone, "accent": drops.ACCENTS[config.tone]},
            "template": {"name": kind, "directory": template.rpartition("/")[0] or None},
            "app": {"metafields": self._metafields("gid://shopify/AppInstallation/1")},
            "page_title": title,
            "canonical_url": request.host_url.rstrip("/") + prefix + request.path,
            "content_for_header": _alternates(),
            "demo_shop": {
                # `?apps=off` shows what the page is without us.
                "apps": request.args.get("apps") != "off",
                "label": drops.label(config, tag),
                "path": request.path,
                "customers": drops.login_choices(config, tag),
                "others": drops.other_shops(config, current_customer(), prefix, request.path),
                "start": config.start_url or "/demo",
            },
        }

    def _customer(self) -> drops.Drop | None:
        number = current_customer()
        if not number:
            return None
        config = self._config()
        owner = f"gid://shopify/Customer/{number}"
        found = self._store.of_owner(config.shop_domain, owner)
        return drops.customer_drop(number, sample(config, number), found, current_locale())

    def _metafields(self, owner: str) -> drops.Drop:
        return drops.metafields_drop(self._store.of_owner(self._config().shop_domain, owner))


def create_blueprint(pages: ShopPages) -> Blueprint:
    """The routes of the shop, without the language's prefix."""
    blueprint = Blueprint("shop", __name__)

    @blueprint.get("/")
    def home() -> ResponseReturnValue:
        return pages.show("index", "")

    @blueprint.get("/collections/all")
    def all_products() -> ResponseReturnValue:
        return pages.show("collection", say_here("demo_shop.all"))

    blueprint.add_url_rule("/products/<handle>", view_func=pages.product, endpoint="product")
    blueprint.add_url_rule(
        "/account/login", view_func=pages.login, endpoint="login", methods=["GET", "POST"]
    )

    @blueprint.get("/account/register")
    def register() -> ResponseReturnValue:
        # Nobody opens an account here: every customer of the order file has one.
        return go(here("/account/login"))

    @blueprint.get("/account/logout")
    def logout() -> ResponseReturnValue:
        answer = go(here("/"))
        cookies.forget(answer, cookies.CUSTOMER)
        return answer

    return blueprint


def say_here(key: str) -> str:
    return say(current_locale(), key) or ""


def here(path: str) -> str:
    """The address of `path` in the language of the current page."""
    return request.script_root + path


def go(address: str) -> Redirect:
    """To be got there, whatever method brought us here."""
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(html: str) -> Response:
    answer = Response(html, content_type="text/html; charset=utf-8")
    # The page shows one customer's points; nobody in between may keep it.
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _customer_number(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) <= 19 else ""


def local(address: str) -> str:
    """`address` when it stays in this shop, else nothing (`//elsewhere`, `/\\elsewhere`)."""
    stays = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if stays and address.isprintable() else ""


def _alternates() -> str:
    """The same page in every language, as Shopify puts it into `content_for_header`."""
    base, path = request.host_url.rstrip("/"), request.path
    links = [(tag, base + drops.prefix_of(tag) + path) for tag in i18n.LOCALES]
    return "\n".join(
        f'<link rel="alternate" hreflang="{tag}" href="{escape(url)}">'
        for tag, url in [("x-default", base + path), *links]
    )
