"""Sending webhooks as Shopify does: signed, over HTTP, tried again, given up in the end.

Source: shopify.dev, "Deliver webhooks through HTTPS" and "Verify webhook deliveries": a connection
within 1 s and an answer within 5 s, only 2xx is success, eight retries of the same body. The real
pauses add up to four hours; here they are `pause`. All deliveries of a retry carry one webhook id,
all those of one happening one event id.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from uuid import uuid4

import httpx

from webapp.core.clock import Clock
from webapp.demo.standins.shopify.facts import API_VERSION
from webapp.demo.standins.shopify.state import Hook, ShopState
from webapp.demo.standins.shopify.webhooks import header_of

FAILURES_TO_DELETE = 8
RETRIES = 8
KEPT = 500
_SENDERS = 4
_TIMEOUT = httpx.Timeout(5.0, connect=1.0)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery of one happening to one address."""

    shop: str
    topic: str
    uri: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Try:
    """What became of one try; `status` is 0 when there was no answer."""

    webhook: Webhook
    status: int


@dataclass(slots=True)
class Rules:
    """How stubborn it is; tests make it quick."""

    retries: int = RETRIES
    pause: float = 2.0
    failures_to_delete: int = FAILURES_TO_DELETE


class Deliveries:
    """Sends in the background, a few at a time. `tries` are the newest, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self.rules = Rules()
        self.tries: deque[Try] = deque(maxlen=KEPT)
        self._clock = clock
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="webhook")
        self._client = httpx.Client(timeout=_TIMEOUT, trust_env=False)
        self._stopped = threading.Event()
        self._open = 0
        self._idle = threading.Condition()

    def tell(self, state: ShopState, topic: str, payload: Mapping[str, object]) -> None:
        """Send to every subscription of `topic`."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        event = str(uuid4())
        with state.lock:
            hooks = [h for h in state.hooks.values() if header_of(h.topic) == topic]
        for hook in hooks:
            self._begin(state, hook, self.signed(state, topic, hook.uri, body, event))

    def tell_one(
        self, state: ShopState, topic: str, uri: str, payload: Mapping[str, object]
    ) -> None:
        """Send to an address that is no subscription; it is tried as often as any other."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        now = self._clock.now()
        self._begin(state, Hook(0, topic, uri, now, now), self.signed(state, topic, uri, body))

    def signed(
        self, state: ShopState, topic: str, uri: str, body: bytes, event: str = ""
    ) -> Webhook:
        """A delivery with Shopify's headers."""
        mac = hmac.new(state.shop.app_secret.encode(), body, hashlib.sha256).digest()
        at = self._clock.wall().astimezone(UTC).isoformat(timespec="microseconds")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": state.shop.domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Hmac-SHA256": base64.b64encode(mac).decode(),
            "X-Shopify-Webhook-Id": str(uuid4()),
            "X-Shopify-Event-Id": event or str(uuid4()),
            "X-Shopify-Triggered-At": at.replace("+00:00", "Z"),
        }
        return Webhook(state.shop.domain, topic, uri, body, headers)

    def send(self, webhook: Webhook) -> int:
        """One try, now; its status, 0 without an answer."""
        try:
            answer = self._client.post(webhook.uri, content=webhook.body, headers=webhook.headers)
            status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        self.tries.append(Try(webhook, status))
        return status

    @property
    def open(self) -> int:
        """How many are on their way, or will be tried again."""
        with self._idle:
            return self._open

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is on its way any more; whether it is so."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, seconds)

    def close(self) -> None:
        """Stop; what is on its way is given up."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _begin(self, state: ShopState, hook: Hook, webhook: Webhook) -> None:
        with self._idle:
            self._open += 1
        self._pool.submit(self._deliver, state, hook, webhook)

    def _deliver(self, state: ShopState, hook: Hook, webhook: Webhook) -> None:
        try:
            for _ in range(1 + self.rules.retries):
                if 200 <= self.send(webhook) <= 299:
                    hook.failures = 0
                    return
                if self._failed(state, hook) or self._stopped.wait(self.rules.pause):
                    return
        finally:
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def _failed(self, state: ShopState, hook: Hook) -> bool:
        """Count a failure; whether the subscription is gone."""
        with state.lock:
            hook.failures += 1
            if hook.number == 0:
                return False
            if hook.failures >= self.rules.failures_to_delete:
                state.hooks.pop(hook.number, None)
            return hook.number not in state.hooks
