"""Signatures of what others send us: Shopify's webhooks and Flow actions, and Slack's events.

Each covers the raw body. Every secret is tried and compared in constant time, also when there is
none to try, so that the time taken tells neither which secret matched nor whether we know the shop.
(App Proxy requests are signed in their query: see `tenancy`.)
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from webapp.core.errors import SIGNATURE_EXPIRED, SIGNATURE_INVALID, AppError

# How old Slack lets a request be. Source: docs.slack.dev, "Verifying requests from Slack".
SLACK_TOLERANCE_SECONDS = 300
_NOBODY = "the secret of a shop that we do not know"


def shopify_signature(body: bytes, secret: str) -> str:
    """What X-Shopify-Hmac-SHA256 holds for a webhook or a Flow action: base64 HMAC-SHA256 with the
    app's secret. Source: shopify.dev, webhooks, "Verify deliveries"."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def verify_shopify(body: bytes, given: str, secrets: Sequence[str]) -> None:
    """Check a body against the app's secrets (two during a rotation); raises
    AppError(signature_invalid)."""
    _demand_match(given, [shopify_signature(body, s) for s in secrets or (_NOBODY,)], secrets)


def slack_signature(body: bytes, timestamp: str, secret: str) -> str:
    """What X-Slack-Signature holds: `v0=` and hex HMAC-SHA256 of `v0:timestamp:body`."""
    message = b"v0:%s:%s" % (timestamp.encode(), body)
    return "v0=" + hmac.digest(secret.encode(), message, hashlib.sha256).hex()


def verify_slack(
    body: bytes, timestamp: str, given: str, secrets: Sequence[str], wall: datetime
) -> None:
    """Check a request of Slack's. Raises AppError: signature_invalid (also for a time that is no
    number, or a body that is not UTF-8), signature_expired (five minutes older or newer)."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise AppError(SIGNATURE_INVALID)
    expected = [slack_signature(body, timestamp, s) for s in secrets or (_NOBODY,)]
    _demand_match(given, expected, secrets)
    if abs(wall.timestamp() - int(timestamp)) > SLACK_TOLERANCE_SECONDS:
        raise AppError(SIGNATURE_EXPIRED)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise AppError(SIGNATURE_INVALID) from error


def _demand_match(given: str, expected: list[str], secrets: Sequence[str]) -> None:
    matches = [hmac.compare_digest(e.encode(), given.encode()) for e in expected]
    if not (any(matches) and secrets):
        raise AppError(SIGNATURE_INVALID)
