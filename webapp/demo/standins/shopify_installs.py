"""How shops let an app in, and pay for it: the token endpoint, the page that asks the merchant, and
subscriptions with their confirmation page.

Not as Shopify: nobody signs in, the person is always the same; a session token is believed when an
app of this stand-in signed it and its time is not over; tokens are kept in memory.
"""

import hashlib
import hmac
import itertools
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import jwt
from jwt.types import Options

from webapp.demo.standins.graphql import GraphQLError

TOKEN_SECONDS = 3_600
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
PERIOD_END = "2030-01-01T00:00:00Z"
PERSON = {
    "id": 7,
    "first_name": "Kim",
    "last_name": "Owner",
    "account_owner": True,
    "locale": "en",
    "collaborator": False,
}


class RefusedError(Exception):
    """The token endpoint says no, with its word for why."""


@dataclass
class Subscribed:
    """One subscription of a shop. `status` as Shopify spells it."""

    number: int
    shop: str
    name: str
    return_url: str
    test: bool
    status: str = "PENDING"

    @property
    def gid(self) -> str:
        """Its global id."""
        return f"gid://shopify/AppSubscription/{self.number}"


@dataclass
class Installs:
    """The apps that shops may let in (API key -> secret), and what shops granted them.

    `tell` hears (shop, topic, document) of what Shopify would send as a webhook. `address` is
    where this stand-in's pages are, as a browser reaches them.
    """

    apps: dict[str, str]
    scopes: str
    address: str
    tell: Callable[[str, str, Mapping[str, object]], None] = lambda *_: None
    person: dict[str, object] = field(default_factory=lambda: dict(PERSON))
    _codes: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)
    _subscribed: dict[str, Subscribed] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1001))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, shop: str, token: str) -> bool:
        """Whether `token` is the one this shop granted last."""
        return self._tokens.get(shop) == token

    def uninstall(self, shop: str) -> None:
        """The merchant removes the app: its tokens die, and so does what it billed."""
        with self._lock:
            self._tokens.pop(shop, None)
            self._refresh = {t: s for t, s in self._refresh.items() if s != shop}
        for subscribed in self._subscribed.values():
            if subscribed.shop == shop and subscribed.status in ("PENDING", "ACTIVE"):
                subscribed.status = "CANCELLED"
        self.tell(shop, "app/uninstalled", {"myshopify_domain": shop})

    def agree_url(self, shop: str, asked: Mapping[str, str]) -> str:
        """Where the merchant goes back to after agreeing to what `asked` (a query) wants. Raises
        RefusedError for an app nobody knows."""
        api_key = asked.get("client_id", "")
        if api_key not in self.apps:
            raise RefusedError("application_cannot_be_found")
        code = secrets.token_hex(16)
        self._codes[code] = (shop, api_key, asked.get("grant_options[]") == "per-user")
        back = {"code": code, "shop": shop, "state": asked.get("state", ""), "timestamp": "1"}
        message = urlencode(sorted(back.items()))
        secret = self.apps[api_key].encode()
        back["hmac"] = hmac.new(secret, message.encode(), hashlib.sha256).hexdigest()
        return f"{asked.get('redirect_uri', '')}?{urlencode(back)}"

    def grant(self, shop: str, asked: Mapping[str, object]) -> dict[str, object]:
        """The answer of the token endpoint. Raises RefusedError."""
        api_key = str(asked.get("client_id", ""))
        if api_key not in self.apps or asked.get("client_secret") != self.apps[api_key]:
            raise RefusedError("invalid_client")
        if asked.get("grant_type") == EXCHANGE:
            self._check_session_token(shop, api_key, str(asked.get("subject_token", "")))
            return self._granted(shop, online=asked.get("requested_token_type") == ONLINE)
        if asked.get("grant_type") == "refresh_token":
            if self._refresh.get(str(asked.get("refresh_token"))) != shop:
                raise RefusedError("invalid_grant")
            return self._granted(shop, online=False)
        code = self._codes.pop(str(asked.get("code", "")), None)
        if code is None or code[:2] != (shop, api_key):
            raise RefusedError("invalid_request")
        return self._granted(shop, online=code[2])

    def _check_session_token(self, shop: str, api_key: str, token: str) -> None:
        # What the time is is the caller's business: tests move it.
        options: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self.apps[api_key], ["HS256"], options, audience=api_key)
        except jwt.PyJWTError:
            raise RefusedError("invalid_subject_token") from None
        if claims.get("dest") != f"https://{shop}":
            raise RefusedError("invalid_subject_token")

    def _granted(self, shop: str, *, online: bool) -> dict[str, object]:
        if online:
            return {
                "access_token": f"shpua_{secrets.token_hex(16)}",
                "scope": self.scopes,
                "expires_in": 86_399,
                "associated_user_scope": self.scopes,
                "associated_user": self.person,
            }
        token, refresh = f"shpat_{secrets.token_hex(16)}", f"shprt_{secrets.token_hex(16)}"
        with self._lock:
            self._tokens[shop] = token
            self._refresh[refresh] = shop
        return {
            "access_token": token,
            "scope": self.scopes,
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expires_in": 7_776_000,
        }

    def create(self, shop: str, arguments: Mapping[str, object]) -> dict[str, object]:
        """`appSubscriptionCreate`."""
        payload: dict[str, object] = {"__typename": "AppSubscriptionCreatePayload"}
        name, lines = str(arguments.get("name") or ""), arguments.get("lineItems")
        if not name or not isinstance(lines, list) or not lines:
            errors = [_user_error("lineItems", "Line items can't be blank")]
            return {
                **payload,
                "appSubscription": None,
                "confirmationUrl": None,
                "userErrors": errors,
            }
        back, test = str(arguments.get("returnUrl")), bool(arguments.get("test"))
        made = Subscribed(next(self._numbers), shop, name, back, test)
        self._subscribed[made.gid] = made
        return {
            **payload,
            "appSubscription": described(made),
            "confirmationUrl": f"{self.address}/{shop}/charges/{made.number}",
            "userErrors": [],
        }

    def cancel(self, shop: str, arguments: Mapping[str, object]) -> dict[str, object]:
        """`appSubscriptionCancel`."""
        payload: dict[str, object] = {"__typename": "AppSubscriptionCancelPayload"}
        found = self._subscribed.get(str(arguments.get("id")))
        if found is None or found.shop != shop:
            errors = [_user_error("id", "Couldn't find RecurringApplicationCharge")]
            return {**payload, "appSubscription": None, "userErrors": errors}
        self._become(found, "CANCELLED")
        return {**payload, "appSubscription": described(found), "userErrors": []}

    def node(self, shop: str, gid: str) -> dict[str, object] | None:
        """The subscription with that global id, as `node(id:)` gives it."""
        found = self._subscribed.get(gid)
        return described(found) if found and found.shop == shop else None

    def of_number(self, shop: str, number: int) -> Subscribed:
        """The subscription that a confirmation page is about. Raises GraphQLError without one."""
        found = self._subscribed.get(f"gid://shopify/AppSubscription/{number}")
        if found is None or found.shop != shop:
            raise GraphQLError("no such charge")
        return found

    def decide(self, found: Subscribed, *, agreed: bool) -> str:
        """The merchant agrees, or not; where they go back to. What was active before ends."""
        if found.status == "PENDING" and agreed:
            for other in self._subscribed.values():
                if other.shop == found.shop and other.status == "ACTIVE":
                    self._become(other, "CANCELLED")
        if found.status == "PENDING":
            self._become(found, "ACTIVE" if agreed else "DECLINED")
        mark = "&" if "?" in found.return_url else "?"
        return f"{found.return_url}{mark}charge_id={found.number}"

    def _become(self, found: Subscribed, status: str) -> None:
        found.status = status
        told = {
            "admin_graphql_api_id": found.gid,
            "name": found.name,
            "status": status,
            "currency": "USD",
        }
        self.tell(found.shop, "app_subscriptions/update", {"app_subscription": told})


def described(found: Subscribed) -> dict[str, object]:
    """A subscription as GraphQL shows it."""
    return {
        "__typename": "AppSubscription",
        "id": found.gid,
        "name": found.name,
        "status": found.status,
        "test": found.test,
        "currentPeriodEnd": PERIOD_END if found.status == "ACTIVE" else None,
    }


def _user_error(name: str, message: str) -> dict[str, object]:
    return {"__typename": "UserError", "field": [name], "message": message}
