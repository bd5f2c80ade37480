"""Lists as GraphQL pages through them: cursors, sort keys, and Shopify's search syntax."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from webapp.demo.standins.graphql import GraphQLError

# A bulk operation reads everything; it asks for this many.
ALL = 10**9
MOST_A_PAGE = 250
_TERM = re.compile(
    r"\s*(?:AND\s+)?(?P<name>[a-z_]+):(?P<sign>>=|<=|>|<)?"
    r"(?P<value>'[^']*'|\"[^\"]*\"|[^\s()]+)\s*"
)
T = TypeVar("T")
# A sort key, or a field of searches -> what it reads of an item.
Keys = Mapping[str, Callable[[T], object]]


def connection(
    found: Sequence[T],
    arguments: Mapping[str, object],
    kind: str,
    show: Callable[[T], Mapping[str, object]],
    key: Callable[[T], object],
) -> dict[str, object]:
    """One page of `found`, which is in its order already. `key` names an item in cursors."""
    size, backward = _size(arguments)
    items = _between(found, arguments, key)
    page = items[-size:] if backward else items[:size]
    cursors = [_cursor(key(item)) for item in page]
    nodes = [show(item) for item in page]
    edge = f"{kind}Edge"
    more = len(items) > len(page)
    return {
        "__typename": f"{kind}Connection",
        "nodes": nodes,
        "edges": [
            {"__typename": edge, "cursor": cursor, "node": node}
            for cursor, node in zip(cursors, nodes, strict=True)
        ],
        "pageInfo": {
            "__typename": "PageInfo",
            "hasNextPage": more if not backward else "before" in arguments,
            "hasPreviousPage": more if backward else arguments.get("after") is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def ordered(found: Iterable[T], arguments: Mapping[str, object], keys: Keys[T]) -> list[T]:
    """Sorted by `sortKey` (the first of `keys` without one) and `reverse`."""
    name = str(arguments.get("sortKey") or next(iter(keys)))
    if name not in keys:
        raise GraphQLError(f"Sort key {name} is not one this stand-in knows")
    by: Callable[[T], object] = keys[name]
    return sorted(found, key=lambda item: by(item), reverse=bool(arguments.get("reverse")))  # type: ignore[arg-type,return-value] # Keys of one name are of one kind.


def matching(found: Iterable[T], query: object, look: Keys[T]) -> list[T]:
    """Those that a search like `updated_at:>='2026-01-01' AND status:any` finds.

    Shopify ignores a field it does not know; here it is an error, so that nobody relies on it.
    """
    items = list(found)
    text, at = str(query or ""), 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            raise GraphQLError(f"This stand-in does not understand the search {text!r}")
        at = term.end()
        if term["name"] not in look:
            raise GraphQLError(f"Invalid search field for this query: {term['name']}")
        wanted = term["value"].strip("'\"")
        read, sign = look[term["name"]], term["sign"] or ""
        items = [item for item in items if _fits(read(item), sign, wanted)]
    return items


def _fits(value: object, sign: str, wanted: str) -> bool:
    if wanted in ("any", "*"):
        return True
    if isinstance(value, list):
        return wanted.lower() in {str(item).lower() for item in value}
    if isinstance(value, datetime):
        return _compared(value, sign, _moment(wanted))
    if isinstance(value, int) and not isinstance(value, bool):
        return _compared(value, sign, int(wanted.rpartition("/")[2] or 0))
    if isinstance(value, tuple):
        return wanted.lower() in [str(one).lower() for one in value]
    return str(value).lower() == wanted.lower()


def _compared(value: datetime | int, sign: str, wanted: datetime | int) -> bool:
    left: float = value.timestamp() if isinstance(value, datetime) else value
    right: float = wanted.timestamp() if isinstance(wanted, datetime) else wanted
    if sign == "":
        return left == right
    met = {">=": left >= right, "<=": left <= right, ">": left > right, "<": left < right}
    return met[sign]


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise GraphQLError(f"Invalid timestamp in the search: {text}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _size(arguments: Mapping[str, object]) -> tuple[int, bool]:
    """How many are asked for, and whether from the end."""
    first, last = arguments.get("first"), arguments.get("last")
    size = first if first is not None else last
    if not isinstance(size, int) or size < 1:
        raise GraphQLError("you must provide one of first or last")
    if size > MOST_A_PAGE and size != ALL:
        raise GraphQLError(f"first cannot exceed {MOST_A_PAGE}", code="BAD_REQUEST")
    return size, first is None


def _between(
    found: Sequence[T], arguments: Mapping[str, object], key: Callable[[T], object]
) -> Sequence[T]:
    """What lies behind `after` and before `before`; an item that is gone starts at the front."""
    places = {_cursor(key(item)): place for place, item in enumerate(found)}
    start, end = 0, len(found)
    for name in ("after", "before"):
        cursor = arguments.get(name)
        if cursor is None:
            continue
        _check(str(cursor))
        place = places.get(str(cursor))
        if place is not None and name == "after":
            start = place + 1
        elif place is not None:
            end = place
    return found[start:end]


def _cursor(key: object) -> str:
    return base64.urlsafe_b64encode(f"at:{key}".encode()).decode()


def _check(cursor: str) -> None:
    try:
        known = base64.urlsafe_b64decode(cursor).startswith(b"at:")
    except (binascii.Error, ValueError):
        known = False
    if not known:
        raise GraphQLError("Invalid cursor for current pagination sort.")
