"""What a shop of the demo must still know when the demo is started again: who was let in, what is
billed, which webhooks are wanted, and the newest customers, orders and discount codes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from webapp.demo.standins.shopify.admin import ShopifyAdmin
from webapp.demo.standins.shopify.state import (
    AppSubscription,
    Code,
    Customer,
    Discount,
    Hook,
    Line,
    Order,
    Refund,
    RefundLine,
    ShopState,
)

# What is written every second must stay small: a demo is bought from by hand.
MOST_KEPT = 500
_MOMENTS = ("created_at", "updated_at", "period_end", "cancelled_at")
_AMOUNTS = ("price", "amount", "tax", "value", "subtotal", "shipping")


class Memory:
    """A file with the lasting part of every shop; written when something has changed."""

    def __init__(self, admin: ShopifyAdmin, file: Path) -> None:
        self._admin, self._file = admin, file
        self._written = ""

    def recall(self) -> None:
        """Bring back what the file knows; without one there is nothing to bring back."""
        if not self._file.exists():
            return
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        for domain, state in self._admin.states.items():
            if domain in kept:
                _recall(state, kept[domain])

    def keep(self) -> None:
        """Write what has changed since."""
        content = {domain: _kept(state) for domain, state in self._admin.states.items()}
        text = json.dumps(content, default=_plain)
        if text == self._written:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(self._file)
        self._written = text


def _kept(state: ShopState) -> Mapping[str, object]:
    with state.lock:
        return {
            "tokens": sorted(state.tokens),
            "refresh_tokens": sorted(state.refresh_tokens),
            "scopes": sorted(state.shop.scopes),
            "hooks": [asdict(hook) for hook in state.hooks.values()],
            "plans": [asdict(plan) for plan in state.plans.values()],
            "customers": _newest(one for one in state.customers.values() if one.email),
            "orders": _newest(state.orders.values()),
            "discounts": _newest(state.discounts.values()),
        }


def _newest(found: Iterable[Customer | Order | Discount]) -> list[dict[str, Any]]:
    return [asdict(one) for one in list(found)[-MOST_KEPT:]]


def _recall(state: ShopState, kept: Mapping[str, Any]) -> None:
    with state.lock:
        state.tokens |= set(kept["tokens"])
        state.refresh_tokens |= set(kept["refresh_tokens"])
        state.change(scopes=frozenset(kept["scopes"]))
        state.hooks |= {one["number"]: Hook(**_typed(one)) for one in kept["hooks"]}
        state.plans |= {one["number"]: AppSubscription(**_typed(one)) for one in kept["plans"]}
        for one in kept.get("customers", ()):
            state.customers[one["number"]] = Customer(**{**_typed(one), "tags": (*one["tags"],)})
        state.orders |= {one["number"]: _order(one) for one in kept.get("orders", ())}
        state.discounts |= {
            one["number"]: Discount(**_typed(one)) for one in kept.get("discounts", ())
        }


def _order(one: Mapping[str, Any]) -> Order:
    return Order(
        **{
            **_typed(one),
            "lines": tuple(_line(line) for line in one["lines"]),
            "codes": tuple(Code(**_typed(code)) for code in one["codes"]),
            "refunds": [_refund(refund) for refund in one["refunds"]],
        }
    )


def _line(one: Mapping[str, Any]) -> Line:
    taken = tuple((int(place), Decimal(amount)) for place, amount in one["allocations"])
    return Line(**{**_typed(one), "allocations": taken})


def _refund(one: Mapping[str, Any]) -> Refund:
    lines = tuple(RefundLine(**_typed(line)) for line in one["lines"])
    return Refund(**{**_typed(one), "lines": lines})


def _typed(one: Mapping[str, Any]) -> dict[str, Any]:
    """Moments and amounts, which JSON knows as text only."""
    moments = {name: datetime.fromisoformat(one[name]) for name in _MOMENTS if one.get(name)}
    amounts = {name: Decimal(one[name]) for name in _AMOUNTS if one.get(name) is not None}
    return {**one, **moments, **amounts}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
