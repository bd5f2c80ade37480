"""Who is asking: App Proxy signatures, service keys, and what each of them may do."""

import hashlib
import hmac
import secrets
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl

from webapp.core.errors import (
    NOT_YOURS,
    PERMISSION_DENIED,
    SIGNATURE_EXPIRED,
    SIGNATURE_INVALID,
    AppError,
)

# The tolerance of Shopify's own library (@shopify/shopify-api, hmac-validator).
PROXY_TOLERANCE_SECONDS = 90
MAX_QUERY_BYTES = 8_192
DECIDING = ("shop", "logged_in_customer_id", "path_prefix", "timestamp", "signature")
SERVICE_KEY_PREFIX = "lnk_"

PERMISSIONS = frozenset(
    {
        "admin:analytics",
        "admin:points",
        "admin:referrals",
        "admin:gamification",
        "admin:frontend",
        "admin:community",
        "admin:settings",
        "customer:frontend",
    }
)
ADMIN_PERMISSIONS = frozenset(p for p in PERMISSIONS if p.startswith("admin:"))
# What each dashboard role may do. Everybody but the first person of a shop, and the owner of the
# shop, begins as an analyst; "none" is somebody whose access was taken away.
ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "owner": ADMIN_PERMISSIONS,
    "manager": ADMIN_PERMISSIONS - {"admin:settings"},
    "analyst": frozenset({"admin:analytics"}),
    "none": frozenset(),
}
# What our own staff may read of any tenant; every unit of work of theirs there is read-only. The
# keys of the platform itself, which belong to no merchant, are kept by "platform", who reads none.
OPERATOR_PERMISSIONS: dict[str, frozenset[str]] = {
    "support": ADMIN_PERMISSIONS,
    "review": frozenset({"admin:analytics", "admin:referrals"}),
    "platform": frozenset(),
}
PLATFORM_ROLE = "platform"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is one of admin, service_key, customer, operator, system (audit_logs)."""

    kind: str
    id: str | None = None
    permissions: frozenset[str] = field(default=frozenset())

    def demand(self, permission: str) -> None:
        """Raise AppError(permission_denied) unless the actor holds `permission`."""
        if permission not in self.permissions:
            raise AppError(PERMISSION_DENIED, permission=permission)


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """What a verified App Proxy request says: the shop, its signed-in customer (None for guests),
    and the path prefix under which the shop serves us."""

    shop: str
    customer: str | None
    path_prefix: str


def proxy_signature(pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """The hex signature of an App Proxy query: repeated values joined by commas, `key=value`
    sorted and joined by nothing, HMAC-SHA256 with the app's secret.

    Source: shopify.dev, App proxies, "Calculate a digital signature".
    """
    values: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        if key != "signature":
            values[key].append(value)
    message = "".join(sorted(f"{key}={','.join(v)}" for key, v in values.items()))
    return hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def proxy_shop(query: str) -> str:
    """The shop an unverified query claims to come from; only good for finding its secret.

    Raises AppError(signature_invalid) when the query names no shop, or more than one.
    """
    if len(query) > MAX_QUERY_BYTES:
        raise AppError(SIGNATURE_INVALID)
    return _only(_pairs(query), "shop")


def verify_proxy_request(query: str, secrets_: Iterable[str], wall: datetime) -> ProxyRequest:
    """Check a raw query string against the app's secrets (two during a rotation).

    The canonical form has no separators, so the parameters that decide anything must occur exactly
    once, and no other parameter may contain one of them: text cut elsewhere signs alike. A
    `customer_id` beside `logged_in_customer_id` must be the same customer. Raises AppError:
    signature_invalid, signature_expired (older or newer than 90 s), not_yours.
    """
    pairs = _pairs(query)
    given = _only(pairs, "signature")
    others = [f"{key}={value}" for key, value in pairs if key not in DECIDING]
    if any(f"{name}=" in other for name in DECIDING for other in others):
        raise AppError(SIGNATURE_INVALID)
    # Every secret is tried, so that the time taken does not tell which one matched.
    matches = [
        hmac.compare_digest(proxy_signature(pairs, s).encode(), given.encode()) for s in secrets_
    ]
    if not any(matches):
        raise AppError(SIGNATURE_INVALID)
    timestamp = _only(pairs, "timestamp")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise AppError(SIGNATURE_INVALID)
    if abs(wall.timestamp() - int(timestamp)) > PROXY_TOLERANCE_SECONDS:
        raise AppError(SIGNATURE_EXPIRED)
    customer = _only(pairs, "logged_in_customer_id")
    if any(key == "customer_id" and value != customer for key, value in pairs):
        raise AppError(NOT_YOURS)
    return ProxyRequest(_only(pairs, "shop"), customer or None, _only(pairs, "path_prefix"))


@lru_cache(maxsize=64)
def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    """The parameters of a query; a request asks for them more than once."""
    return tuple(parse_qsl(query, keep_blank_values=True))


def _only(pairs: Iterable[tuple[str, str]], name: str) -> str:
    found = [value for key, value in pairs if key == name]
    if len(found) != 1 or "\0" in found[0] or any(f"{n}=" in found[0] for n in DECIDING):
        raise AppError(SIGNATURE_INVALID)
    return found[0]


def new_service_key() -> str:
    """A fresh service key with 256 random bits; shown once, stored only as its hash."""
    return SERVICE_KEY_PREFIX + secrets.token_urlsafe(32)


def hash_service_key(key: str) -> bytes:
    """What is stored of a service key: SHA-256 (a random 256-bit key needs no slow hash)."""
    return hashlib.sha256(key.encode()).digest()
