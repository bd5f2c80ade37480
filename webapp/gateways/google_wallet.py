"""Google Wallet's REST API: programmes (loyalty classes) and cards (loyalty objects).

Source: developers.google.com/wallet, REST reference v1, and "Using OAuth 2.0 for Server to Server
Applications": a service account proves itself by a signed assertion, whose audience is Google's own
whatever address it is sent to (RFC 7523), and gets a token for an hour.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from webapp.core.clock import SystemClock
from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller, GatewayError, parse

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 3_600
# A token is renewed before it ends while a call is on its way.
EARLY_SECONDS = 60
NOT_FOUND, CONFLICT = 404, 409


class GoogleWallet(Protocol):
    """What the product asks of Google Wallet."""

    def put(
        self, credentials: Credentials, kind: str, body: Mapping[str, Any], *, known: bool
    ) -> None:
        """Make Google have this `loyaltyClass` or `loyaltyObject`, by its `id`, whether or not it
        does already; `known` is what is more likely. What is None is taken away. Raises
        GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless Google lets the account act for the issuer."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    until: float


class HttpGoogleWallet:
    """The real client; safe for threads."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = f"{url}/walletobjects/v1", caller
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def put(
        self, credentials: Credentials, kind: str, body: Mapping[str, Any], *, known: bool
    ) -> None:
        first, second = (self._patch, self._insert) if known else (self._insert, self._patch)
        try:
            first(credentials, kind, body)
        except GatewayError as error:
            if error.status != (NOT_FOUND if known else CONFLICT):
                raise
            second(credentials, kind, body)

    def check(self, credentials: Credentials) -> None:
        self._call("GET", f"/issuer/{credentials.values['issuer_id']}", credentials, None)

    def _insert(self, credentials: Credentials, kind: str, body: Mapping[str, Any]) -> None:
        given = {name: value for name, value in body.items() if value is not None}
        # Who is new to Google cannot be alerted.
        given.pop("notifyPreference", None)
        self._call("POST", f"/{kind}", credentials, given)

    def _patch(self, credentials: Credentials, kind: str, body: Mapping[str, Any]) -> None:
        self._call("PATCH", f"/{kind}/{body['id']}", credentials, body)

    def _call(
        self, method: str, path: str, credentials: Credentials, body: Mapping[str, Any] | None
    ) -> None:
        headers = {"Authorization": f"Bearer {self._token(credentials)}"}
        try:
            self._caller.call(
                method, self._url + path, headers=headers, content=body, explain=_message
            )
        except GatewayError as error:
            if error.credential:
                with self._lock:
                    self._tokens.pop(credentials.ref, None)
            raise

    def _token(self, credentials: Credentials) -> str:
        with self._lock:
            kept = self._tokens.get(credentials.ref)
        if kept is not None and time.monotonic() < kept.until:
            return kept.value
        account = parse(credentials.values["service_account"].encode()) or {}
        try:
            assertion = _assertion(account)
            address = str(account["token_uri"])
        except (KeyError, ValueError, TypeError, jwt.PyJWTError):
            raise GatewayError("the key file cannot be used", credential=True) from None
        form = {"grant_type": GRANT, "assertion": assertion}
        answer = self._caller.call("POST", address, form=form, explain=_error).json()
        try:
            until = time.monotonic() + float(answer["expires_in"]) - EARLY_SECONDS
            token = _Token(str(answer["access_token"]), until)
        except (KeyError, TypeError, ValueError):
            raise GatewayError("the answer has no token") from None
        with self._lock:
            self._tokens[credentials.ref] = token
        return token.value


def _assertion(account: Mapping[str, Any]) -> str:
    now = int(SystemClock().wall().timestamp())
    claims = {
        "iss": account["client_email"],
        "scope": SCOPE,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    named = {"kid": str(account["private_key_id"])}
    return jwt.encode(claims, account["private_key"], algorithm="RS256", headers=named)


def _message(answer: Mapping[str, Any]) -> object:
    return answer["error"]["message"]


def _error(answer: Mapping[str, Any]) -> object:
    return answer["error"]
