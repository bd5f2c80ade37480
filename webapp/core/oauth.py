"""Shopify's signature over the query with which it sends a merchant to us."""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from webapp.core.errors import SIGNATURE_INVALID, AppError
from webapp.core.words import shop_domain

MAX_QUERY_BYTES = 8_192


def query_signature(pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """The hex signature of a query: `key=value` sorted by key, joined by `&`, HMAC-SHA256 with the
    app's secret. Source: shopify.dev, "Authorization code grant", step 1."""
    message = urlencode(sorted((k, v) for k, v in pairs if k not in ("hmac", "signature")))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def shop_of_query(query: str) -> str:
    """The shop an unverified query names, a permanent domain in lower case; only good for finding
    its app. Raises AppError(signature_invalid)."""
    if len(query) > MAX_QUERY_BYTES:
        raise AppError(SIGNATURE_INVALID)
    given = only(parse_qsl(query, keep_blank_values=True), "shop")
    if shop_domain(given) != given:
        raise AppError(SIGNATURE_INVALID)
    return given


def verify_query(query: str, secrets: Iterable[str]) -> dict[str, str]:
    """The values of a query that was signed with one of the app's secrets (two during a rotation),
    each given once. Raises AppError(signature_invalid)."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = only(pairs, "hmac")
    # Every secret is tried, so that the time taken does not tell which one matched.
    matches = [
        hmac.compare_digest(query_signature(pairs, s).encode(), given.encode()) for s in secrets
    ]
    if not any(matches) or len(dict(pairs)) != len(pairs):
        raise AppError(SIGNATURE_INVALID)
    return dict(pairs)


def only(pairs: list[tuple[str, str]], name: str) -> str:
    """The value of a parameter that is there exactly once. Raises AppError(signature_invalid)."""
    found = [value for key, value in pairs if key == name]
    if len(found) != 1 or "\0" in found[0]:
        raise AppError(SIGNATURE_INVALID)
    return found[0]
