"""Shopify's App Proxy: the shop's address /apps/loyalnest/... answered by LoyalNest's web.

As Shopify: cookies cross in neither direction, the five parameters are added and signed, method
and body are passed on (the body unsigned), redirects are followed, `application/liquid` is
rendered by the theme. Parameters of those five names that a shopper sends are dropped; what
Shopify does with them is not documented.
"""

import time
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote, urlencode

import httpx
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from webapp.core.clock import Clock
from webapp.core.tenancy import proxy_signature
from webapp.demo.settings import ShopConfig

PATH_PREFIX = "/apps/loyalnest"
TIMEOUT_SECONDS = 5.0
_ADDED = ("shop", "logged_in_customer_id", "path_prefix", "timestamp", "signature")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade"),
}
_NOT_SENT = _HOP_BY_HOP | {"cookie", "host", "content-length", "accept-encoding"}
_NOT_RETURNED = _HOP_BY_HOP | {
    *("accept-ranges", "content-encoding", "content-length", "date", "pragma", "server"),
    *("set-cookie", "warning", "x-powered-by"),
}
_AWAY = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Third-party application error</title>
</head><body><h1>There was an error in the third-party application.</h1></body></html>
"""


class SlowBackendError(Exception):
    """The backend sent its answer too slowly to be finished within the time-out."""


class AppProxy:
    """Signs and forwards; gives up after `timeout` seconds."""

    def __init__(
        self, config: Callable[[], ShopConfig], clock: Clock, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._config = config
        self._clock = clock
        self._timeout = timeout
        # The proxy is no browser: it keeps no cookie, and no proxy of the machine is asked.
        nothing = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.Client(
            timeout=timeout, follow_redirects=True, trust_env=False, cookies=nothing
        )

    def signed_query(self, pairs: list[tuple[str, str]], customer: str) -> str:
        """The query string for the backend: the shopper's own parameters and Shopify's five."""
        config = self._config()
        given = [(key, value) for key, value in pairs if key not in _ADDED]
        added = [
            ("shop", config.shop_domain),
            ("logged_in_customer_id", customer),
            ("path_prefix", PATH_PREFIX),
            ("timestamp", str(int(self._clock.wall().timestamp()))),
        ]
        signature = proxy_signature([*given, *added], config.app_secret)
        return urlencode([*given, *added, ("signature", signature)])

    def forward(self, rest: str, customer: str) -> Response:
        """The backend's answer to the current request, or Shopify's page when there is none."""
        pairs = list(request.args.items(multi=True))
        path = quote(f"/proxy/{rest}".rstrip("/"), safe="/~!$'()*+,;=:@")
        url = f"{self._config().web_url}{path}?{self.signed_query(pairs, customer)}"
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _NOT_SENT]
        outgoing = self._client.build_request(
            request.method, url, headers=headers, content=request.get_data()
        )
        try:
            return self._answer(outgoing)
        except (httpx.TimeoutException, SlowBackendError):
            return Response(_AWAY, 504, content_type="text/html; charset=utf-8")
        except httpx.HTTPError:
            return Response(_AWAY, 502, content_type="text/html; charset=utf-8")

    def _answer(self, outgoing: httpx.Request) -> Response:
        deadline = time.monotonic() + self._timeout
        answer = self._client.send(outgoing, stream=True)
        body = bytearray()
        try:
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > deadline:
                    raise SlowBackendError
        finally:
            answer.close()
        headers = [(k, v) for k, v in answer.headers.multi_items() if k not in _NOT_RETURNED]
        return Response(bytes(body), answer.status_code, headers)


def create_blueprint(
    proxy: AppProxy, customer: Callable[[], str], render_liquid: Callable[[str], str]
) -> Blueprint:
    """The routes under /apps/loyalnest; `render_liquid` shows a text inside the theme."""
    blueprint = Blueprint("app_proxy", __name__, url_prefix=PATH_PREFIX)

    def forward(rest: str = "") -> ResponseReturnValue:
        if ".." in rest.split("/"):
            return Response(_AWAY, 404, content_type="text/html; charset=utf-8")
        answer = proxy.forward(rest, customer())
        if answer.mimetype == "application/liquid":
            answer.set_data(render_liquid(answer.get_data(as_text=True)))
            answer.content_type = "text/html; charset=utf-8"
        return answer

    for rule in ("", "/", "/<path:rest>"):
        blueprint.add_url_rule(
            rule, view_func=forward, methods=_METHODS, provide_automatic_options=False
        )
    return blueprint
