"""Bulk operations of the Shopify Admin API: reads of any length, as a file of JSON lines.

Source: shopify.dev, "Perform bulk operations with the GraphQL Admin API": the operation runs at
Shopify for minutes or hours, and its file is kept for a week. Start it in one send, look after it
in later ones, read it when it is completed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.graphql import UserError, user_errors
from webapp.gateways.shopify_admin import ShopifyAdmin

MOST_LINE_BYTES = 1_000_000

_FIELDS = """
fragment Operation on BulkOperation { id status errorCode objectCount url query }
"""
_RUN = (
    """
mutation RunBulkQuery($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { ...Operation }
    userErrors { field message code }
  }
}
"""
    + _FIELDS
)
_NODE = "query BulkOperation($id: ID!) { node(id: $id) { ...Operation } }" + _FIELDS
_CURRENT = (
    "query CurrentBulkOperation { currentBulkOperation(type: QUERY) { ...Operation } }" + _FIELDS
)


class BulkRefusedError(GatewayError):
    """An operation that the shop does not begin; `code` is Shopify's word for why."""

    def __init__(self, error: UserError) -> None:
        super().__init__(f"bulkOperationRunQuery: {error.message or error.code}", final=True)
        self.code = error.code


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """A bulk operation as it was when asked. `status` is Shopify's word: CREATED, RUNNING,
    COMPLETED, CANCELED, FAILED, EXPIRED...; `url` is where the lines are, empty when there are
    none (yet); `query` is what is read."""

    id: str
    status: str
    error_code: str
    object_count: int
    url: str
    query: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will change."""
        return self.status not in ("CREATED", "RUNNING", "CANCELING")


def run_bulk_query(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, query: str
) -> BulkOperation:
    """Start reading; the lines of an object's connections will follow its own. A shop runs only one
    at once: BulkRefusedError then has the code OPERATION_IN_PROGRESS. It is final."""
    payload = shopify.ask(shop_domain, access_token, _RUN, {"query": query})[
        "bulkOperationRunQuery"
    ]
    errors = user_errors(payload)
    if errors:
        raise BulkRefusedError(errors[0])
    return _operation(payload["bulkOperation"])


def bulk_operation(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, operation_id: str
) -> BulkOperation | None:
    """How far an operation is; None when the shop does not know it (any more)."""
    found = shopify.ask(shop_domain, access_token, _NODE, {"id": operation_id})["node"]
    return _operation(found) if found else None


def current_bulk_query(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str
) -> BulkOperation | None:
    """The last operation that this app started in the shop, e.g. when its id was lost."""
    found = shopify.ask(shop_domain, access_token, _CURRENT, {})["currentBulkOperation"]
    return _operation(found) if found else None


@contextmanager
def bulk_lines(
    caller: Caller, operation: BulkOperation, *, most_bytes: int, seconds: float
) -> Iterator[Iterator[Mapping[str, Any]]]:
    """The objects of a completed operation, read as they come; an object of a connection carries
    `__parentId`. Raises GatewayError when the file is longer than `most_bytes`, takes longer than
    `seconds`, or ends in the middle."""
    if not operation.url:
        yield iter(())
        return
    with caller.stream(operation.url, most_bytes, seconds) as pieces:
        yield _objects(pieces)


def _objects(pieces: Iterator[bytes]) -> Iterator[Mapping[str, Any]]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > MOST_LINE_BYTES:
            raise GatewayError("a line of the bulk file is too long", final=True)
        yield from (_object(line) for line in lines if line.strip())
    if rest.strip():
        yield _object(rest)


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise GatewayError("a line of the bulk file is not JSON") from None
    if not isinstance(found, dict):
        raise GatewayError("a line of the bulk file is not an object", final=True)
    return found


def _operation(found: Mapping[str, Any]) -> BulkOperation:
    return BulkOperation(
        id=str(found["id"]),
        status=str(found["status"]),
        error_code=str(found.get("errorCode") or ""),
        object_count=int(found.get("objectCount") or 0),
        url=str(found.get("url") or ""),
        query=str(found.get("query") or ""),
    )
