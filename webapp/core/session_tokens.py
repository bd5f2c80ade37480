"""Session tokens: who looks at us inside Shopify's admin, and who has bought something.

A token is a JWT that Shopify's admin makes for one app, one shop and one person, and that lives
for a minute. Source: shopify.dev, "About session tokens", and the checks of Shopify's own library
(@shopify/shopify-api, decode-session-token): HS256 only, ten seconds of leeway.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from jwt.types import Options

from webapp.core.errors import SESSION_TOKEN_EXPIRED, SESSION_TOKEN_INVALID, AppError
from webapp.core.words import shop_domain

LEEWAY_SECONDS = 10
MAX_TOKEN_LENGTH = 4_096
_CLAIMS = ("iss", "dest", "aud", "sub", "exp", "nbf")
_CHECKOUT = ("dest", "aud", "exp", "nbf")
_USER = re.compile(r"[0-9]{1,20}")
_CUSTOMER = re.compile(r"gid://shopify/Customer/([0-9]{1,20})")
# Times are compared with our own clock below; PyJWT would ask the machine.
_OPTIONS: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What a verified token says: the shop, and its number for the person."""

    shop: str
    user_id: str


@dataclass(frozen=True, slots=True)
class CheckoutToken:
    """What a verified token of a checkout says: the shop, and its number for the buyer, who is
    None when nobody is signed in."""

    shop: str
    customer: str | None


def app_named(token: str) -> str:
    """The API key of the app that an unverified token is for; only good for finding its secret.

    Raises AppError(session_token_invalid).
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise AppError(SESSION_TOKEN_INVALID)
    try:
        audience = jwt.decode(token, options={"verify_signature": False}).get("aud")
    except jwt.PyJWTError:
        audience = None
    if not isinstance(audience, str) or not audience or "\0" in audience:
        raise AppError(SESSION_TOKEN_INVALID)
    return audience


def verify_session_token(
    token: str, api_key: str, secrets: Iterable[str], wall: datetime
) -> SessionToken:
    """Check a token against the secrets of the app it is for (two during a rotation).

    Raises AppError: session_token_invalid; session_token_expired when only its time is over, so
    that a fresh one helps.
    """
    claims = next((c for s in secrets if (c := _signed_claims(token, api_key, s))), None)
    if claims is None:
        raise AppError(SESSION_TOKEN_INVALID)
    shop, user = _shop(claims), str(claims["sub"])
    if shop is None or not _USER.fullmatch(user):
        raise AppError(SESSION_TOKEN_INVALID)
    _check_times(claims, wall)
    return SessionToken(shop, user)


def verify_checkout_token(
    token: str, api_key: str, secrets: Iterable[str], wall: datetime
) -> CheckoutToken:
    """Check a token of a checkout or customer account extension. Source: shopify.dev, checkout UI
    extensions 2026-10, Session Token API: `dest` is the shop's domain, and `sub`, the customer's
    global id, is there only for a buyer who is signed in.

    Raises AppError: session_token_invalid, session_token_expired.
    """
    claims = next((c for s in secrets if (c := _signed_claims(token, api_key, s, _CHECKOUT))), None)
    if claims is None:
        raise AppError(SESSION_TOKEN_INVALID)
    shop = shop_domain(str(claims["dest"]).removeprefix("https://"))
    buyer = _CUSTOMER.fullmatch(str(claims.get("sub", "")))
    if shop is None or ("sub" in claims and buyer is None):
        raise AppError(SESSION_TOKEN_INVALID)
    _check_times(claims, wall)
    return CheckoutToken(shop, buyer[1] if buyer else None)


def _check_times(claims: Mapping[str, Any], wall: datetime) -> None:
    expires, begins = claims["exp"], claims["nbf"]
    if not all(isinstance(t, int | float) for t in (expires, begins)):
        raise AppError(SESSION_TOKEN_INVALID)
    seconds = wall.timestamp()
    if seconds < begins - LEEWAY_SECONDS:
        raise AppError(SESSION_TOKEN_INVALID)
    if seconds >= expires + LEEWAY_SECONDS:
        raise AppError(SESSION_TOKEN_EXPIRED)


def _signed_claims(
    token: str, api_key: str, secret: str, required: tuple[str, ...] = _CLAIMS
) -> Mapping[str, Any] | None:
    options: Options = {**_OPTIONS, "require": list(required)}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=["HS256"], audience=api_key, options=options
        )
    except jwt.PyJWTError:
        return None
    return claims if claims["aud"] == api_key else None


def _shop(claims: Mapping[str, Any]) -> str | None:
    """The one shop that `iss` and `dest` name, or None when they differ or are no shops."""
    issuer, destination = claims["iss"], claims["dest"]
    if not isinstance(issuer, str) or not isinstance(destination, str):
        return None
    domain = destination.removeprefix("https://")
    if shop_domain(domain) != domain or destination == domain:
        return None
    return domain if issuer == f"https://{domain}/admin" else None
