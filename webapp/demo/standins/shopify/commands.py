"""What a test or the demo lets happen in a shop: `POST /_shops/<domain>/<what>` with JSON.

`orders` ({customer, lines: [{title, quantity, price}], created_at, locale, paid}), `refunds`
({order, amount}), `payments` and `cancellations` ({order}), `customers` ({customer, email, ...}),
`facts` ({scopes, protected, timezone, ...}), `uninstall`, and `webhooks` ({retries, pause,
failures_to_delete}).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.shopify import oauth, orders, people
from webapp.demo.standins.shopify.delivery import Deliveries
from webapp.demo.standins.shopify.state import Line, ShopState

_FACTS = frozenset(
    {"name", "currency", "access_token", "protected", "timezone", "plan", "email", "scopes"}
    | {"development"}
)
Said = Mapping[str, object]


def command(state: ShopState, deliveries: Deliveries, call: Call) -> Answer:
    """Do what the last part of the path names; 422 with a sentence when it cannot be."""
    known: Mapping[str, Callable[[Said], dict[str, object]]] = {
        "orders": lambda said: _order(state, said),
        "payments": lambda said: {"order": orders.pay(state, _number(said, "order")).number},
        "cancellations": lambda said: {
            "order": orders.cancel(state, _number(said, "order")).number
        },
        "refunds": lambda said: {
            "refund": orders.refund(state, _number(said, "order"), _amount(said["amount"])).number
        },
        "customers": lambda said: _customer(state, said),
        "facts": lambda said: _facts(state, said),
        "uninstall": lambda _: _uninstall(state),
        "webhooks": lambda said: _rules(deliveries, said),
    }
    act = known.get(call.path.rpartition("/")[2])
    if act is None or call.method != "POST":
        return as_json({"error": "no such command"}, HTTPStatus.NOT_FOUND)
    try:
        return as_json(act(call.members()))
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        message = f"{type(error).__name__}: {error}"
        return as_json({"error": message}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _order(state: ShopState, said: Said) -> dict[str, object]:
    given = said.get("lines") or [{"title": "Something", "price": said["amount"]}]
    if not isinstance(given, list):
        raise ValueError("lines must be a list")
    lines = [_line(as_mapping(line)) for line in given]
    at = datetime.fromisoformat(str(said["created_at"])) if said.get("created_at") else None
    order = orders.place(
        state,
        int(str(said["customer"])) if said.get("customer") else None,
        lines,
        created_at=at.replace(tzinfo=at.tzinfo or UTC) if at else None,
        locale=str(said.get("locale") or "en"),
        paid=said.get("paid", True) is not False,
    )
    return {"order": order.number, "name": order.name, "total": f"{order.total:.2f}"}


def _line(given: Said) -> Line:
    return Line(
        str(given.get("title") or "Something"),
        int(str(given.get("quantity") or 1)),
        _amount(given["price"]),
        int(str(given.get("variant") or 0)),
        int(str(given.get("product") or 0)),
    )


def _customer(state: ShopState, said: Said) -> dict[str, object]:
    values = {name: value for name, value in said.items() if name != "customer"}
    return {"customer": people.save(state, _number(said, "customer"), **values).number}


def _facts(state: ShopState, said: Said) -> dict[str, object]:
    unknown = set(said) - _FACTS
    if unknown:
        raise ValueError(f"a shop has no {', '.join(sorted(unknown))}")
    scopes = said.get("scopes")
    facts = {**said, "scopes": frozenset(map(str, scopes))} if isinstance(scopes, list) else said
    state.change(**facts)
    return {"changed": sorted(said)}


def _uninstall(state: ShopState) -> dict[str, object]:
    oauth.revoke(state)
    return {"shop": state.shop.domain}


def _rules(deliveries: Deliveries, said: Said) -> dict[str, object]:
    rules = deliveries.rules
    rules.retries = int(str(said.get("retries", rules.retries)))
    rules.pause = float(str(said.get("pause", rules.pause)))
    rules.failures_to_delete = int(str(said.get("failures_to_delete", rules.failures_to_delete)))
    return {"retries": rules.retries, "pause": rules.pause}


def _number(said: Said, name: str) -> int:
    return int(str(said[name]))


def _amount(given: object) -> Decimal:
    return Decimal(str(given))
