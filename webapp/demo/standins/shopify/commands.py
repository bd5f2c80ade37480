"""What a test or the demo lets happen in a shop: `POST /_shops/<domain>/<what>` with JSON.

`orders` ({customer, lines: [{title, quantity, price, gift_card}], created_at, locale, paid, code,
test, source}), `quotes` (the same, placing nothing), `history` ({customer}), `refunds` ({order}
with an amount, with lines: [{line, quantity}], with piece: true or rest: true), `payments`
({order}), `cancellations` ({order, refund}), `customers` ({customer, email, ...}), `merges` ({kept,
lost}), `deletions` ({customer}), `privacy` ({topic, customer, uri}), `facts` ({scopes, protected,
timezone, ...}), `uninstall`, and `webhooks` ({retries, pause, failures_to_delete}).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.shopify import oauth, people, privacy, sales
from webapp.demo.standins.shopify.delivery import Deliveries
from webapp.demo.standins.shopify.facts import moment, written
from webapp.demo.standins.shopify.state import Line, Order, ShopState

_FACTS = frozenset(
    {"name", "currency", "access_token", "protected", "timezone", "plan", "email", "scopes"}
    | {"development", "tax_rate", "taxes_included", "shipping"}
)
_AMOUNTS = frozenset({"tax_rate", "shipping"})
MOST_SHOWN = 20
Said = Mapping[str, object]


def command(state: ShopState, deliveries: Deliveries, call: Call) -> Answer:
    """Do what the last part of the path names; 422 with a sentence when it cannot be."""
    known: Mapping[str, Callable[[Said], dict[str, object]]] = {
        "orders": lambda said: _order(state, said),
        "quotes": lambda said: _quote(state, said),
        "history": lambda said: _history(state, said),
        "payments": lambda said: {"order": sales.pay(state, _number(said, "order")).number},
        "cancellations": lambda said: _cancel(state, said),
        "refunds": lambda said: _refund(state, said),
        "customers": lambda said: _customer(state, said),
        "merges": lambda said: _merge(state, said),
        "deletions": lambda said: _delete(state, said),
        "privacy": lambda said: {"uri": privacy.ask(state, deliveries, said)},
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
        message = (
            str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        )
        return as_json({"error": message}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _order(state: ShopState, said: Said) -> dict[str, object]:
    at = datetime.fromisoformat(str(said["created_at"])) if said.get("created_at") else None
    order = sales.place(
        state,
        _buyer(said),
        _lines(said),
        created_at=at.replace(tzinfo=at.tzinfo or UTC) if at else None,
        locale=str(said.get("locale") or "en"),
        paid=said.get("paid", True) is not False,
        code=str(said.get("code") or ""),
        test=said.get("test") is True,
        source=str(said.get("source") or "web"),
    )
    return {"order": order.number, "name": order.name, "total": f"{order.total:.2f}"}


def _quote(state: ShopState, said: Said) -> dict[str, object]:
    """What it would cost; amounts with the digits of the currency."""
    found = sales.add_up(state, _buyer(said), _lines(said), str(said.get("code") or ""))
    taxes_included, currency = state.shop.taxes_included, state.shop.currency
    goods = sum((line.net for line in found.lines), Decimal(0))
    tax = sum((line.tax for line in found.lines), Decimal(0))
    taken = sum((code.amount for code in found.codes), Decimal(0))
    off = sum((code.amount for code in found.codes if code.kind == "shipping"), Decimal(0))
    total = goods + found.shipping - off + (0 if taxes_included else tax)
    amounts = {"discount": taken, "shipping": found.shipping - off, "tax": tax, "total": total}
    return {
        **{name: written(amount, currency) for name, amount in amounts.items()},
        "code": found.codes[0].code if found.codes else "",
        "refused": found.refused,
        "reason": found.reason,
        "taxes_included": taxes_included,
    }


def _history(state: ShopState, said: Said) -> dict[str, object]:
    """The newest orders of a customer, newest first."""
    with state.lock:
        placed = [o for o in state.orders.values() if o.customer == _number(said, "customer")]
        newest = sorted(placed, key=lambda order: order.number, reverse=True)[:MOST_SHOWN]
        return {"orders": [_shown(order) for order in newest]}


def _shown(order: Order) -> dict[str, object]:
    places = range(1, len(order.lines) + 1)
    return {
        "order": order.number,
        "name": order.name,
        "at": moment(order.created_at),
        "total": written(order.total, order.currency),
        "refunded": written(order.refunded, order.currency),
        "state": order.state,
        "cancelled": order.cancelled_at is not None,
        "code": order.codes[0].code if order.codes else "",
        "lines": [
            {"line": n, "title": order.lines[n - 1].title, "left": order.left(n)} for n in places
        ],
    }


def _refund(state: ShopState, said: Said) -> dict[str, object]:
    number = _number(said, "order")
    if said.get("rest"):
        whole = sales.refund_rest(state, number)
        if whole is None:
            raise ValueError("nothing is left to give back")
        made = whole
    elif said.get("piece"):
        made = sales.refund_piece(state, number)
    else:
        pieces = {int(str(one["line"])): int(str(one["quantity"])) for one in _given_lines(said)}
        amount = _amount(said["amount"]) if "amount" in said else None
        made = sales.refund(state, number, amount, pieces)
    return {"refund": made.number, "amount": f"{made.amount:.2f}"}


def _cancel(state: ShopState, said: Said) -> dict[str, object]:
    back = said.get("refund") is True
    return {"order": sales.cancel(state, _number(said, "order"), give_back=back).number}


def _merge(state: ShopState, said: Said) -> dict[str, object]:
    people.merge(state, _number(said, "kept"), _number(said, "lost"))
    return {"kept": said["kept"]}


def _delete(state: ShopState, said: Said) -> dict[str, object]:
    people.delete(state, _number(said, "customer"))
    return {"customer": said["customer"]}


def _buyer(said: Said) -> int | None:
    return int(str(said["customer"])) if said.get("customer") else None


def _lines(said: Said) -> list[Line]:
    if not said.get("lines"):
        return [_line({"title": "Something", "price": said["amount"]})]
    return [_line(line) for line in _given_lines(said)]


def _given_lines(said: Said) -> list[Said]:
    given = said.get("lines") or []
    if not isinstance(given, list):
        raise ValueError("lines must be a list")
    return [as_mapping(line) for line in given]


def _line(given: Said) -> Line:
    return Line(
        str(given.get("title") or "Something"),
        int(str(given.get("quantity") or 1)),
        _amount(given["price"]),
        int(str(given.get("variant") or 0)),
        int(str(given.get("product") or 0)),
        given.get("gift_card") is True,
    )


def _customer(state: ShopState, said: Said) -> dict[str, object]:
    values = {name: value for name, value in said.items() if name != "customer"}
    return {"customer": people.save(state, _number(said, "customer"), **values).number}


def _facts(state: ShopState, said: Said) -> dict[str, object]:
    unknown = set(said) - _FACTS
    if unknown:
        raise ValueError(f"a shop has no {', '.join(sorted(unknown))}")
    scopes = said.get("scopes")
    facts = {name: _amount(value) if name in _AMOUNTS else value for name, value in said.items()}
    if isinstance(scopes, list):
        facts["scopes"] = frozenset(map(str, scopes))
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
