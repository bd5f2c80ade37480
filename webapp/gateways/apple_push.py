"""Apple Push Notification service, as far as cards need it: a device is told that a card has
changed, and asks for it itself.

Source: developer.apple.com, "Sending notification requests to APNs" and "Adding a Web Service to
Update Passes": HTTP/2, an empty JSON object, the pass type as topic, and the pass certificate as
the client's; always the production host. 410 and BadDeviceToken say that the card is gone.
"""

import ssl
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.tls import presenting

GONE, BAD_REQUEST = 410, 400
BAD_TOKEN = "BadDeviceToken"  # noqa: S105 - Apple's word
# What no device has: asked for it, Apple says that it is none, unless it does not take the key.
NO_DEVICE = "0" * 64
HEADERS = {"apns-push-type": "background", "apns-priority": "5"}
MOST_KEPT = 4


class ApplePush(Protocol):
    """What the product asks of APNs."""

    def push(self, credentials: Credentials, topic: str, token: str) -> bool:
        """Tell a device that a card has changed; whether it still holds it. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless Apple takes the certificate."""

    def close(self) -> None:
        """Close every connection that is open."""


class HttpApplePush:
    """The real client. Connections are kept for each certificate, for Apple takes it ill when many
    are opened."""

    def __init__(self, url: str, trusted_ca: Path | None = None) -> None:
        self._url, self._trusted_ca = url, trusted_ca
        self._callers: OrderedDict[str, Caller] = OrderedDict()
        self._lock = threading.Lock()

    def push(self, credentials: Credentials, topic: str, token: str) -> bool:
        try:
            self._caller(credentials).call(
                "POST",
                f"{self._url}/3/device/{token}",
                headers={**HEADERS, "apns-topic": topic},
                content={},
                explain=_reason,
            )
        except GatewayError as error:
            if error.status == GONE or (error.status == BAD_REQUEST and BAD_TOKEN in str(error)):
                return False
            raise
        return True

    def check(self, credentials: Credentials) -> None:
        self.push(credentials, credentials.values["pass_type_id"], NO_DEVICE)

    def close(self) -> None:
        """Close every connection that is open."""
        with self._lock:
            for caller in self._callers.values():
                caller.close()

    def _caller(self, credentials: Credentials) -> Caller:
        with self._lock:
            kept = self._callers.get(credentials.ref)
            if kept is None:
                tls = _presenting(credentials.values, self._trusted_ca)
                kept = self._callers[credentials.ref] = Caller(tls=tls, http2=True)
                while len(self._callers) > MOST_KEPT:
                    self._callers.popitem(last=False)[1].close()
            return kept


def _presenting(values: Mapping[str, str], trusted_ca: Path | None) -> ssl.SSLContext:
    """TLS by which we prove ourselves with the pass certificate. Raises GatewayError."""
    try:
        return presenting(
            [values[name] for name in ("certificate", "intermediate", "private_key")], trusted_ca
        )
    except ssl.SSLError as error:
        reason = f"the certificate cannot be used: {type(error).__name__}"
        raise GatewayError(reason, credential=True) from None


def _reason(answer: Mapping[str, Any]) -> object:
    return answer["reason"]
