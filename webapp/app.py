"""The Flask application: entries attached, languages and templates wired. It decides nothing."""

from datetime import timedelta
from pathlib import Path

from flask import Flask, g
from flask_babel import Babel  # type: ignore[import-untyped]
from htmx_flask import Htmx  # type: ignore[import-untyped]
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.core import i18n
from webapp.entry import (
    checkout,
    dashboard,
    docs,
    embedded,
    exposures,
    failures,
    headers,
    health,
    identity,
    install,
    ops,
    pass_links,
    passes,
    previews,
    proxy,
    proxy_pages,
    rest,
    shell,
    sign_in,
    static_files,
    webhooks,
    widgets,
)
from webapp.parts import Parts

ROOT = Path(__file__).parents[1]
PAGES = (sign_in, install, ops, dashboard, docs, static_files)
PROGRAMS = (widgets, proxy, proxy_pages, webhooks, rest, health, previews, exposures, checkout)
WALLETS = (passes, pass_links)


def create_app(parts: Parts) -> Flask:
    """Build the application for `parts`."""
    app = Flask(__name__, static_folder=None)
    secure = parts.settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=parts.settings.secret_key,
        MAX_CONTENT_LENGTH=1_048_576,
        SESSION_COOKIE_NAME="loyalnest",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
    )
    app.extensions["loyalnest"] = parts
    app.session_interface = rest.Sessions()
    if secure:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)  # type: ignore[method-assign]
    Htmx(app)
    speak(app)
    for entry in (*PAGES, *PROGRAMS, *WALLETS):
        app.register_blueprint(entry.blueprint)
    app.register_blueprint(dashboard.blueprint, name="embedded", url_prefix=embedded.PREFIX)
    failures.attach(app)
    app.after_request(headers.guard)
    return app


def speak(app: Flask) -> None:
    """Templates speak the language of `g.locale`, which every entry sets before it renders."""
    i18n.compile_catalogs()
    folders = [ROOT / "webapp" / "templates", ROOT / "webapp" / "features"]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    Babel(app, locale_selector=lambda: i18n.babel_locale(locale()))
    app.jinja_env.globals.update(
        address=shell.address,
        form_token=identity.form_token,
        may_change=shell.may_change,
        shop_admin=shell.shop_admin,
    )
    app.jinja_env.filters.update(
        number=lambda value: i18n.number(locale(), value),
        decimal=lambda value: i18n.decimal(locale(), value),
        day=lambda value: i18n.day(locale(), value),
        percent=lambda value: i18n.percent(locale(), value),
        span=lambda seconds: i18n.span(locale(), seconds),
        from_now=lambda seconds: i18n.span(locale(), seconds, from_now=True),
        moment=lambda value: i18n.moment(locale(), value),
        money=lambda minor, currency: i18n.money(locale(), minor, currency),
    )


def locale() -> str:
    """The tag this request is answered in."""
    return str(g.get("locale", "en"))
