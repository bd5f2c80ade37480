"""The demo's shops as a process: for each a storefront and its App Proxy on a port of its own.

`python -m webapp.demo.shop CONFIG.json [CONFIG.json ...]` serves until it is told to stop; the
file's keys are described in `settings.py`. The first shop has the start page.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, g, request, send_from_directory
from flask.typing import ResponseReturnValue
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from webapp.core import logs
from webapp.core.clock import Clock, SystemClock
from webapp.core.config import Settings
from webapp.core.liquid.blocks import Files
from webapp.core.liquid.wording import ExtensionSide
from webapp.demo import (
    account,
    checkout,
    cookies,
    pages,
    phone_pages,
    proxy,
    reception,
    start,
    thank_you,
    theme_editor,
)
from webapp.demo.backoffice import BackOffice
from webapp.demo.liquid import THEME_TAGS, Storefront
from webapp.demo.pictures import scenes
from webapp.demo.settings import ConfigFile, ShopConfig
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.theme_files import THEME, ThemeFiles
from webapp.demo.wording import ThemeSide
from webapp.features.accounts import service as accounts
from webapp.parts import Parts, build

THREADS = 32
MAX_BODY_BYTES = 1_000_000
_YEAR = 31_536_000
_log = logging.getLogger(__name__)


def create_shop(
    config: ShopConfig | Callable[[], ShopConfig],
    admin_link: Callable[[], str] | None = None,
    clock: Clock | None = None,
) -> Flask:
    """The shop as a WSGI application.

    `config` may be a callable that is asked again at every request, so that figures and sample
    customers can change while the shop runs. `admin_link` answers a fresh one-time address of the
    dashboard; without it /demo/admin leads to `config.admin_path`.
    """
    current = config if callable(config) else lambda: config
    wall = clock or SystemClock()
    first = current()
    store = MetafieldStore(first.data_dir / "shopify.db", wall)
    files = ThemeFiles(first.data_dir, first.shop_domain)
    theme = Files(THEME, ThemeSide(THEME / "assets", "/theme/assets"), THEME_TAGS)
    extension = Files(first.extension_dir, ExtensionSide(first.extension_dir, "/extension/assets"))
    shop_pages = pages.ShopPages(current, store, Storefront(theme, extension, files))
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config[cookies.TAG] = first.cookie_tag
    # A page of the web whose name resolves to this machine must not read the demo's links.
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    app.register_blueprint(pages.create_blueprint(shop_pages))
    app_proxy = proxy.AppProxy(current, wall)
    app.register_blueprint(
        proxy.create_blueprint(app_proxy, pages.current_customer, shop_pages.render_liquid)
    )
    app.register_blueprint(phone_pages.create_blueprint(current, app_proxy))
    app.register_blueprint(start.create_blueprint(current, store, admin_link))
    app.register_blueprint(reception.create_blueprint(current))
    app.register_blueprint(theme_editor.create_blueprint(current, files, extension))
    app.register_blueprint(thank_you.create_blueprint(current, wall))
    office = BackOffice(current)
    app.register_blueprint(checkout.create_blueprint(checkout.Checkout(shop_pages, office)))
    app.register_blueprint(account.create_blueprint(account.Account(shop_pages, office)))
    _add_files(app, first)
    _add_answers(app, shop_pages)
    app.wsgi_app = pages.LocalePrefix(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _add_files(app: Flask, config: ShopConfig) -> None:
    """Assets of theme and extension, the drawn pictures, and the sign of life."""

    @app.get("/theme/assets/<path:name>")
    def theme_asset(name: str) -> ResponseReturnValue:
        return _asset(THEME / "assets", name)

    @app.get("/extension/assets/<path:name>")
    def extension_asset(name: str) -> ResponseReturnValue:
        return _asset(config.extension_dir / "assets", name)

    @app.get("/files/<name>.svg")
    def picture(name: str) -> ResponseReturnValue:
        handle, _, view = name.rpartition("-")
        try:
            svg = (
                scenes.hero_picture()
                if name == "hero"
                else scenes.product_picture(handle, int(view))
            )
        except (KeyError, ValueError):
            abort(HTTPStatus.NOT_FOUND)
        answer = Response(svg, content_type="image/svg+xml")
        answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return {"status": "ok"}


def _asset(folder: Path, name: str) -> Response:
    """A file under an address that changes with its content may be kept for ever."""
    answer = send_from_directory(folder, name)
    age = f"public, max-age={_YEAR}, immutable" if "v" in request.args else "no-cache"
    answer.headers["Cache-Control"] = age
    return answer


def _add_answers(app: Flask, shop_pages: pages.ShopPages) -> None:
    """The page for what is not there, the request log, and headers that every answer has."""

    @app.errorhandler(HTTPStatus.NOT_FOUND)
    def missing(_: Exception) -> ResponseReturnValue:
        return shop_pages.missing()

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()

    @app.after_request
    def end(answer: Response) -> Response:
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        spent = (time.monotonic() - g.get("began", time.monotonic())) * 1000
        path = request.script_root + request.path
        _log.info("%s %s %d %.0f ms", request.method, path, answer.status_code, spent)
        return answer


class ByPort:
    """Several shops in one process: the port that was asked says which."""

    def __init__(self, shops: Mapping[int, Flask]) -> None:
        self._shops = {str(port): shop for port, shop in shops.items()}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._shops[environ["SERVER_PORT"]](environ, start_response)


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with one process and threads, so that caches exist once."""

    def __init__(self, configs: Sequence[ConfigFile]) -> None:
        self._shops = configs
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": [f"{shop.host}:{shop.port}" for shop in (each() for each in self._shops)],
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": 5,
            "graceful_timeout": 2,
            "control_socket_disable": True,
            "proc_name": "loyalnest-demo-shop",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> ByPort:
        made = {
            each().port: create_shop(each, dashboard_link(each, _parts_from_environment))
            for each in self._shops
        }
        return ByPort(made)


@cache
def _parts_from_environment() -> Parts:
    return build(Settings.from_env())


def dashboard_link(
    config: Callable[[], ShopConfig], parts: Callable[[], Parts]
) -> Callable[[], str] | None:
    """A maker of one-time sign-in addresses for the admin user that the configuration names.

    None when it names nobody. `parts` is asked at the first click, not before.
    """
    if config().admin is None:
        return None

    def link() -> str:
        merchant_id, admin_user_id = config().admin or ("", "")
        with parts().database.transaction(merchant_id) as ctx:
            token = accounts.create_sign_in_link(ctx, admin_user_id)
        return f"/admin/sign-in?token={quote(token, safe='')}"

    return link


def main(argv: Sequence[str]) -> int:
    """Serve the shops that the files named in `argv` describe; 2 when one cannot be used."""
    logs.configure(form="shop: %(message)s")
    if not argv:
        sys.stderr.write("usage: python -m webapp.demo.shop CONFIG.json [CONFIG.json ...]\n")
        return 2
    configs: list[ConfigFile] = []
    for name in argv:
        try:
            configs.append(ConfigFile(Path(name)))
        except (OSError, json.JSONDecodeError, ValueError) as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 2
    _Server(configs).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
