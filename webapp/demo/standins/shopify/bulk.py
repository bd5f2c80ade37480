"""Bulk operations: a query over everything, whose answer is a file of JSON lines.

Source: shopify.dev, "Perform bulk operations": one at a time for each shop; the inner connections
become lines of their own with `__parentId`; the file lies at an address that needs no token.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from webapp.demo.standins.exchange import Answer, as_mapping
from webapp.demo.standins.graphql import Field, GraphQLError, parse, project
from webapp.demo.standins.shopify.connection import ALL
from webapp.demo.standins.shopify.facts import gid, moment, number_of, user_error
from webapp.demo.standins.shopify.state import Bulk, ShopState

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
RUNNING = ("CREATED", "RUNNING")
_ERROR = "BulkOperationUserError"
Root = Mapping[str, object]


def run(state: ShopState, arguments: Mapping[str, object], root: Root) -> dict[str, object]:
    """`bulkOperationRunQuery`; `root` are the shop's queries. The answer is as things are now."""
    payload: dict[str, object] = {"__typename": "BulkOperationRunQueryPayload"}
    query = str(arguments.get("query") or "")
    with state.lock:
        if any(bulk.status in RUNNING for bulk in state.bulks.values()):
            message = "A bulk query operation for this app and shop is already in progress"
            wrong = user_error(_ERROR, message, code="OPERATION_IN_PROGRESS")
            return {**payload, "bulkOperation": None, "userErrors": [wrong]}
        try:
            lines = tuple(json.dumps(line, ensure_ascii=False) for line in _lines(query, root))
        except GraphQLError as error:
            wrong = user_error(_ERROR, f"Invalid bulk query: {error}", "query", code="INVALID")
            return {**payload, "bulkOperation": None, "userErrors": [wrong]}
        made = Bulk(state.number(), query, "CREATED", state.now(), lines=lines)
        state.bulks[made.number] = made
        return {**payload, "bulkOperation": show(made, ""), "userErrors": []}


def cancel(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`bulkOperationCancel`."""
    payload: dict[str, object] = {"__typename": "BulkOperationCancelPayload"}
    found = state.bulks.get(number_of(arguments.get("id"), "BulkOperation") or -1)
    if found is None or found.status not in RUNNING:
        message = "A bulk operation in this state cannot be canceled"
        return {**payload, "bulkOperation": None, "userErrors": [user_error(_ERROR, message, "id")]}
    found.status = "CANCELED"
    return {**payload, "bulkOperation": show(found, ""), "userErrors": []}


def one(state: ShopState, given: object, base: str) -> dict[str, object] | None:
    """The operation of that global id; asking moves it on."""
    found = state.bulks.get(number_of(given, "BulkOperation") or -1)
    return show(_moved_on(state, found), base) if found else None


def current(state: ShopState, base: str) -> dict[str, object] | None:
    """`currentBulkOperation`: the newest."""
    newest = max(state.bulks, default=None)
    return one(state, gid("BulkOperation", newest), base) if newest else None


def file(state: ShopState, number: int, wanted: str = "") -> Answer:
    """The JSON lines of a finished operation, or the range of bytes that is `wanted`, as the
    storage behind Shopify serves it."""
    found = state.bulks.get(number)
    if found is None or found.status != "COMPLETED":
        return Answer(404)
    body = "".join(f"{line}\n" for line in found.lines).encode()
    kind = {"Content-Type": "application/jsonl"}
    asked = _RANGE.fullmatch(wanted)
    if not asked:
        return Answer(200, body, kind)
    first, last = int(asked[1]), min(int(asked[2]), len(body) - 1)
    if first >= len(body):
        return Answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
    part = {**kind, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
    return Answer(206, body[first : last + 1], part)


def show(bulk: Bulk, base: str) -> dict[str, object]:
    """The object. An empty result has no address, as at Shopify."""
    done = bulk.status == "COMPLETED"
    size = sum(len(line.encode()) + 1 for line in bulk.lines)
    roots = sum('"__parentId"' not in line for line in bulk.lines)
    return {
        "__typename": "BulkOperation",
        "id": gid("BulkOperation", bulk.number),
        "status": bulk.status,
        "errorCode": bulk.error,
        "type": "QUERY",
        "query": bulk.query,
        "createdAt": moment(bulk.created_at),
        "completedAt": moment(bulk.completed_at) if bulk.completed_at else None,
        "objectCount": str(len(bulk.lines)) if done else "0",
        "rootObjectCount": str(roots) if done else "0",
        "fileSize": str(size) if done else None,
        "url": f"{base}/bulk/{bulk.number}.jsonl" if done and bulk.lines else None,
        "partialDataUrl": None,
    }


def _moved_on(state: ShopState, bulk: Bulk) -> Bulk:
    """RUNNING at the first question, and after `bulk_polls` of them at its end."""
    with state.lock:
        if bulk.status not in RUNNING:
            return bulk
        bulk.status, bulk.polls = "RUNNING", bulk.polls + 1
        if bulk.polls <= state.bulk_polls:
            return bulk
        bulk.error, bulk.completed_at = state.bulk_error, state.now()
        bulk.status = "FAILED" if bulk.error else "COMPLETED"
    told = {
        "admin_graphql_api_id": gid("BulkOperation", bulk.number),
        "status": bulk.status.lower(),
        "error_code": bulk.error,
        "type": "query",
        "created_at": moment(bulk.created_at),
        "completed_at": moment(bulk.completed_at),
    }
    state.happened("bulk_operations/finish", told)
    return bulk


def _lines(query: str, root: Root) -> Iterator[dict[str, object]]:
    operation = parse(query, {})
    roots = [field for field in operation.selections if _is_connection(field)]
    if operation.kind != "query" or len(roots) != 1 or len(operation.selections) != 1:
        raise GraphQLError("a bulk query has exactly one connection at its top")
    if any(_in_a_list(field) for field in _node_selections(roots[0])):
        words = "Queries that contain a connection field within a list field are not supported."
        raise GraphQLError(words)
    yield from _of_connection(root, roots[0], None)


def _of_connection(
    owner: Mapping[str, object], field: Field, parent: str | None
) -> Iterator[dict[str, object]]:
    """A line for each node of a connection, each followed by the lines of its own connections."""
    inner = _node_selections(field)
    plain = tuple(one for one in inner if not _is_connection(one))
    nested = [one for one in inner if _is_connection(one)]
    for node in _nodes(owner, field):
        line = as_mapping(project(node, plain))
        yield {**line, "__parentId": parent} if parent else dict(line)
        for each in nested:
            yield from _of_connection(node, each, str(node["id"]))


def _nodes(owner: Mapping[str, object], field: Field) -> list[Mapping[str, object]]:
    member = owner.get(field.name)
    if not callable(member):
        raise GraphQLError(f"Field '{field.name}' is no connection of this stand-in")
    read: Callable[[Mapping[str, object]], object] = member
    found = as_mapping(read({**field.arguments, "first": ALL})).get("nodes")
    return [as_mapping(node) for node in found] if isinstance(found, list) else []


def _in_a_list(field: Field) -> bool:
    """Whether a field that is a list, as the refunds of an order are, holds a connection."""
    return field.name == "refunds" and any(_is_connection(one) for one in field.selections)


def _is_connection(field: Field) -> bool:
    return any(inner.name in ("edges", "nodes") for inner in field.selections)


def _node_selections(field: Field) -> tuple[Field, ...]:
    """What is asked of each node."""
    found: list[Field] = []
    for inner in field.selections:
        if inner.name == "nodes":
            found += inner.selections
        if inner.name == "edges":
            for each in inner.selections:
                found += each.selections if each.name == "node" else ()
    return tuple(found)
