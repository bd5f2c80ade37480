"""An S3-compatible object store: buckets by path, objects in memory.

Source: docs.aws.amazon.com/AmazonS3: PUT, GET, HEAD and DELETE of objects, HEAD and PUT of buckets,
the first page of ListObjectsV2; errors are XML, and the answer to a PUT has no body (botocore takes
a JSON body for a failure). Putting the same bytes again changes nothing, so it counts once.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import ClassVar
from xml.sax.saxutils import escape

from webapp.core.clock import SystemClock
from webapp.demo.standins import signature
from webapp.demo.standins.exchange import Answer, Call
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "AKIASTANDIN", "standin-secret"
BUCKET = "loyalnest"
_STATUSES = {
    "NoSuchKey": 404,
    "NoSuchBucket": 404,
    "MethodNotAllowed": 405,
    "SlowDown": 503,
}
_CODES = {429: "SlowDown", 500: "InternalError", 503: "SlowDown"}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object; `modified` is an HTTP date."""

    body: bytes
    kind: str
    modified: str

    @property
    def headers(self) -> dict[str, str]:
        etag = hashlib.md5(self.body, usedforsecurity=False).hexdigest()
        return {"ETag": f'"{etag}"', "Content-Type": self.kind, "Last-Modified": self.modified}


def failure(code: str, message: str = "", status: int | None = None) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{escape(message or code)}</Message></Error>"
    return _xml(body, status or _STATUSES.get(code, HTTPStatus.FORBIDDEN))


def _xml(body: str, status: int = HTTPStatus.OK) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
    return Answer(status, text.encode(), {"Content-Type": "application/xml"})


class Storage(Standin):
    """ACCESS_KEY_ID with SECRET_ACCESS_KEY is the one good credential."""

    name = "storage"
    prefixes = (ACCESS_KEY_ID[:4],)
    broken: ClassVar[bytes] = b'<?xml version="1.0"?><Error><Code>Intern'

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[str, dict[str, StoredObject]] = {BUCKET: {}}
        self._lock = threading.Lock()

    def read(self, call: Call) -> Sequence[Arrival]:
        bucket, key = _names(call)
        if call.method not in ("PUT", "DELETE") or not key:
            return ()
        return (Arrival(f"{bucket}/{key}", call.method, {"bytes": len(call.body)}),)

    def answer(self, call: Call) -> Answer:
        try:
            access_key = signature.check(call, {ACCESS_KEY_ID: SECRET_ACCESS_KEY})
        except signature.SignatureRefusedError as refused:
            return failure(refused.code, str(refused))
        if not self.keys.good(access_key):
            return failure("InvalidAccessKeyId")
        bucket, key = _names(call)
        with self._lock:
            objects = self._buckets.get(bucket)
            if key == "":
                return self._bucket(call, bucket, objects)
            return failure("NoSuchBucket") if objects is None else self._object(call, objects, key)

    def refusal(self, status: int) -> Answer:
        return failure(_CODES.get(status, "InternalError"), status=status)

    def over_limit(self) -> Answer:
        return failure("SlowDown", "Please reduce your request rate.")

    def reset(self) -> None:
        super().reset()
        with self._lock:
            self._buckets = {BUCKET: {}}

    def _bucket(self, call: Call, bucket: str, objects: dict[str, StoredObject] | None) -> Answer:
        if call.method == "PUT":
            self._buckets.setdefault(bucket, {})
            return Answer()
        if objects is None:
            return failure("NoSuchBucket")
        if call.method == "GET":
            return _listing(bucket, objects, call.query.get("prefix", ""))
        return Answer() if call.method == "HEAD" else failure("MethodNotAllowed")

    def _object(self, call: Call, objects: dict[str, StoredObject], key: str) -> Answer:
        found = objects.get(key)
        if call.method == "PUT":
            kind = call.headers.get("content-type", "binary/octet-stream")
            stored = StoredObject(call.body, kind, format_datetime(SystemClock().wall(), True))
            if found is None or found.body != stored.body:
                self.received.count(f"{_names(call)[0]}/{key}")
            objects[key] = stored
            return Answer(HTTPStatus.OK, b"", {"ETag": stored.headers["ETag"]})
        if call.method == "DELETE":
            if objects.pop(key, None) is not None:
                self.received.count(f"{_names(call)[0]}/{key}")
            return Answer(HTTPStatus.NO_CONTENT)
        if call.method not in ("GET", "HEAD"):
            return failure("MethodNotAllowed")
        if found is None:
            return failure("NoSuchKey", "The specified key does not exist.")
        return Answer(HTTPStatus.OK, found.body, found.headers)


def _names(call: Call) -> tuple[str, str]:
    """Bucket and key of the path; the key may be empty."""
    bucket, _, key = call.path.lstrip("/").partition("/")
    return bucket, key


def _listing(bucket: str, objects: dict[str, StoredObject], prefix: str) -> Answer:
    chosen = sorted(key for key in objects if key.startswith(prefix))
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(objects[key].body)}</Size></Contents>"
        for key in chosen
    )
    count = f"<KeyCount>{len(chosen)}</KeyCount><IsTruncated>false</IsTruncated>"
    head = f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix>"
    return _xml(f"<ListBucketResult>{head}{count}{entries}</ListBucketResult>")
