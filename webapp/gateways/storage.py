"""Storage for files: anything that speaks S3, addressed by path.

boto3 is loaded with the first call, because it takes a third of a second that no page should wait
for. Its own retries are off, because the queue retries.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import (
    CALL_SECONDS,
    CONNECT_SECONDS,
    READ_SECONDS,
    GatewayError,
    redacted,
    refusal,
)

PIECE_BYTES = 65_536
KEPT_CLIENTS = 8
REFUSED_KEY = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a file without reading it."""

    size: int
    content_type: str
    etag: str


class Storage(Protocol):
    """What the product asks of a storage for files. All raise GatewayError."""

    def put(self, credentials: Credentials, key: str, body: bytes, content_type: str) -> None:
        """Store a file whole, in the place of any other with this key."""

    def get(self, credentials: Credentials, key: str, most_bytes: int) -> bytes:
        """The content of a file; one that is longer is refused."""

    def head(self, credentials: Credentials, key: str) -> Stored | None:
        """What is known of a file; None when there is none."""

    def delete(self, credentials: Credentials, key: str) -> None:
        """Remove a file, if it is there."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless the bucket can be used with the key."""

    def close(self) -> None:
        """Close every connection that is open."""


class S3Storage:
    """The real client. `url` may hold `{region}`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = Lock()
        self._clients: OrderedDict[str, Any] = OrderedDict()

    def put(self, credentials: Credentials, key: str, body: bytes, content_type: str) -> None:
        self._do(credentials, "put_object", Key=key, Body=body, ContentType=content_type)

    def get(self, credentials: Credentials, key: str, most_bytes: int) -> bytes:
        until = time.monotonic() + CALL_SECONDS
        body = self._do(credentials, "get_object", Key=key)["Body"]
        found = b""
        try:
            for piece in body.iter_chunks(PIECE_BYTES):
                found += piece
                if len(found) > most_bytes or time.monotonic() > until:
                    raise GatewayError("the file is too long or too slow")
        except import_module("botocore.exceptions").BotoCoreError as error:
            raise GatewayError(f"no answer: {type(error).__name__}") from None
        finally:
            body.close()
        return found

    def head(self, credentials: Credentials, key: str) -> Stored | None:
        try:
            found = self._do(credentials, "head_object", Key=key)
        except MissingError:
            return None
        return Stored(int(found["ContentLength"]), found.get("ContentType", ""), found["ETag"])

    def delete(self, credentials: Credentials, key: str) -> None:
        self._do(credentials, "delete_object", Key=key)

    def check(self, credentials: Credentials) -> None:
        self._do(credentials, "head_bucket")

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _do(self, credentials: Credentials, operation: str, **values: Any) -> dict[str, Any]:
        errors = import_module("botocore.exceptions")
        call = getattr(self._client(credentials), operation)
        try:
            done: dict[str, Any] = call(Bucket=credentials.values["bucket"], **values)
        except errors.ClientError as error:
            raise _refusal(error.response) from None
        except (errors.BotoCoreError, ValueError) as error:
            raise GatewayError(f"no answer: {type(error).__name__}") from None
        return done

    def _client(self, credentials: Credentials) -> Any:
        """The client for this key; safe for threads, and kept because making one takes long."""
        with self._lock:
            if credentials.ref not in self._clients:
                self._clients[credentials.ref] = self._connect(credentials)
            self._clients.move_to_end(credentials.ref)
            if len(self._clients) > KEPT_CLIENTS:
                self._clients.popitem(last=False)
            return self._clients[credentials.ref]

    def _connect(self, credentials: Credentials) -> Any:
        values = credentials.values
        config = import_module("botocore.config").Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1, "mode": "standard"},
            s3={"addressing_style": "path"},
            # None would mean the proxies of the environment.
            proxies={},
        )
        return (
            import_module("boto3")
            .session.Session()
            .client(
                "s3",
                endpoint_url=self._url.format(region=values["region"]),
                region_name=values["region"],
                aws_access_key_id=values["access_key_id"],
                aws_secret_access_key=values["secret_access_key"],
                config=config,
            )
        )


class MissingError(GatewayError):
    """There is no such file."""


def _refusal(response: dict[str, Any]) -> GatewayError:
    """The error of an answer of the storage; `Code` is one of S3's words, or a status for HEAD."""
    status = int(response["ResponseMetadata"]["HTTPStatusCode"])
    code = redacted(str(response["Error"].get("Code", "")))
    if status == 404 and code != "NoSuchBucket":
        return MissingError(f"HTTP {status}: {code}", final=True)
    headers = {k.lower(): v for k, v in response["ResponseMetadata"]["HTTPHeaders"].items()}
    error = refusal(status, headers, "" if code == str(status) else code)
    error.credential = error.credential or code in REFUSED_KEY
    return error
