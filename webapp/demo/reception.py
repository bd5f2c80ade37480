"""The page that shows what each stand-in received, and lets a visitor script faults."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx
from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.demo.settings import ShopConfig
from webapp.demo.standins.host import CONTROL

_SECONDS = 2.0
_SHOWN = 8
# Where the same thing may rightly count again: it got another value; or not at all: it had it.
_CHANGING = ("shopify", "storage", "apple_push", "google_wallet")
_MOST_TIMES = 50
_TITLES = {
    "klaviyo": ("Klaviyo", "E-mail: events of members"),
    "postscript": ("Postscript", "SMS: events of subscribers"),
    "posthog": ("PostHog", "Product events"),
    "slack": ("Slack", "Messages of our bot"),
    "xai": ("xAI", "Texts that a model words"),
    "partner": ("Shopify Partner API", "Credits for merchants"),
    "storage": ("Object storage", "Files"),
    "apple_push": ("Apple Push", "Calls of telephones whose cards have changed"),
    "google_wallet": ("Google Wallet", "Programmes and cards"),
    "shopify": ("Shopify", "Metafields of customers; webhooks that the shop sent"),
}
FAULTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "500": ("answer 500", {"status": 500}),
    "429": ("answer 429 with Retry-After: 5", {"status": 429, "retry_after": 5}),
    "refuse": ("are refused for 30 seconds", {"refuse_ms": 30_000}),
    "hang": ("get no answer", {"hang": True}),
    "drop": ("are hung up on", {"drop": True}),
    "lost": ("are done, but their answer is lost", {"drop": True, "applied": True}),
    "half": ("get half an answer", {"half": True}),
    "garbled": ("get an answer that is no JSON", {"garbled": True}),
    "tls": ("get a TLS error", {"tls": True}),
}


class Reception:
    """Asks the stand-ins by their control port, which answers also while a service is closed."""

    def __init__(self, config: Callable[[], ShopConfig]) -> None:
        self._config = config

    def services(self) -> list[Mapping[str, object]]:
        """What to show of each; one that does not answer says so."""
        names = [name for name in _TITLES if name in self._config().standins]
        with (
            httpx.Client(timeout=_SECONDS, trust_env=False) as client,
            ThreadPoolExecutor(len(names) or 1) as pool,
        ):
            found = list(pool.map(lambda name: self._service(client, name), names))
        return sorted(found, key=lambda service: not service.get("items"))

    def script(self, service: str, fault: str, times: int) -> None:
        """Script the next calls of a service. Raises httpx.HTTPError."""
        step = {**FAULTS[fault][1], "times": times} if fault in FAULTS else None
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            script = {"next": [step] if step else []}
            client.post(self._address(service, "_faults"), json=script).raise_for_status()

    def knows(self, service: str) -> bool:
        return service in _TITLES and service in self._config().standins

    def _service(self, client: httpx.Client, name: str) -> Mapping[str, object]:
        title, purpose = _TITLES[name]
        shown = {"name": name, "title": title, "purpose": purpose}
        try:
            answer = client.get(self._address(name, "_received"), params={"most": str(_SHOWN)})
            said: Mapping[str, object] = answer.json()
        except (httpx.HTTPError, ValueError):
            return {**shown, "silent": True}
        return {**shown, **said, "url": self._config().standins[name]}

    def _address(self, service: str, what: str) -> str:
        return f"{self._config().standins.get(CONTROL, 'http://127.0.0.1:0')}/{service}/{what}"


def create_blueprint(config: Callable[[], ShopConfig]) -> Blueprint:
    """/demo/received."""
    blueprint = Blueprint("reception", __name__, url_prefix="/demo", template_folder="templates")
    reception = Reception(config)

    @blueprint.get("/received")
    def page() -> ResponseReturnValue:
        current = config()
        if current.start_url:
            return redirect(f"{current.start_url}/received")
        content = render_template(
            "received.html",
            config=current,
            names=_names(current),
            services=reception.services(),
            faults=FAULTS,
            changing=_CHANGING,
            live="live" in request.args,
            done=request.args.get("done", ""),
        )
        return content, {"Cache-Control": "no-store"}

    @blueprint.post("/received/faults")
    def script() -> ResponseReturnValue:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(HTTPStatus.FORBIDDEN)
        service, fault = request.form.get("service", ""), request.form.get("fault", "")
        given = request.form.get("times", "1")
        if not reception.knows(service) or not given.isdigit() or len(given) > 4:
            abort(HTTPStatus.BAD_REQUEST)
        try:
            reception.script(service, fault, min(max(int(given), 1), _MOST_TIMES))
        except httpx.HTTPError:
            abort(HTTPStatus.BAD_GATEWAY)
        return redirect(f"/demo/received?done={service}#{service}", HTTPStatus.SEE_OTHER)

    blueprint.add_app_template_filter(_clock, "clock_time")
    blueprint.add_app_template_filter(_pretty, "pretty")
    return blueprint


def _names(config: ShopConfig) -> Mapping[str, str]:
    """Shop domain -> what the shop is called."""
    others = {other.shop_domain: other.name for other in config.others}
    return {config.shop_domain: config.shop_name, **others}


def _clock(moment: str) -> str:
    """2026-11-25T23:21:49.095+00:00 -> 23:21:49"""
    return moment[11:19]


def _pretty(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
