"""AWS Signature Version 4 of a request to S3, computed anew from what came over the wire.

Source: docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header". For S3 the
path is signed as it was sent, and the hash of the body stands in a header of its own.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from webapp.core.clock import SystemClock
from webapp.demo.standins.exchange import Call

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=(?P<key>[^/,]+)/(?P<scope>\d{{8}}/[^/,]+/s3/aws4_request),\s*"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_TOLERANCE = timedelta(minutes=15)


class SignatureRefusedError(Exception):
    """`code` is S3's word for what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(call: Call, secrets: dict[str, str]) -> str:
    """The access key id that signed the call; `secrets` are those of the known ones. Raises
    SignatureRefusedError."""
    found = _AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
    if found is None:
        raise SignatureRefusedError("AccessDenied", "Access Denied")
    if found["key"] not in secrets:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise SignatureRefusedError("InvalidAccessKeyId", message)
    _check_time(call)
    _check_body(call)
    wanted = signature(call, secrets[found["key"]], found["scope"], found["headers"])
    if not hmac.compare_digest(wanted, found["signature"]):
        message = "The request signature we calculated does not match the signature you provided."
        raise SignatureRefusedError("SignatureDoesNotMatch", message)
    return found["key"]


def signature(call: Call, secret: str, scope: str, signed_headers: str) -> str:
    """The signature that the holder of `secret` would send."""
    address = urlsplit(call.target)
    pairs = sorted(parse_qsl(address.query, keep_blank_values=True))
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
    names = signed_headers.split(";")
    headers = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in names)
    body_hash = call.headers.get("x-amz-content-sha256", "")
    request = "\n".join(
        (call.method, address.path or "/", query, headers, signed_headers, body_hash)
    )
    hashed = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, call.headers.get("x-amz-date", ""), scope, hashed))
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return _mac(key, to_sign).hex()


def _mac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def _check_time(call: Call) -> None:
    given = call.headers.get("x-amz-date", "")
    try:
        at = datetime.strptime(given, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefusedError("AccessDenied", "x-amz-date is missing") from None
    if abs(SystemClock().wall() - at) > _TOLERANCE:
        message = "The difference between the request time and the current time is too large."
        raise SignatureRefusedError("RequestTimeTooSkewed", message)


def _check_body(call: Call) -> None:
    given = call.headers.get("x-amz-content-sha256", "")
    if given not in ("UNSIGNED-PAYLOAD", hashlib.sha256(call.body).hexdigest()):
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise SignatureRefusedError("XAmzContentSHA256Mismatch", message)
