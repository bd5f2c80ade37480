"""What a shop of the demo must still know when the demo is started again: who was let in, what is
billed, and which webhooks are wanted. Orders are not kept: whoever was told of them has them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from webapp.demo.standins.shopify.admin import ShopifyAdmin
from webapp.demo.standins.shopify.state import AppSubscription, Hook, ShopState

_MOMENTS = ("created_at", "updated_at", "period_end")


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
        }


def _recall(state: ShopState, kept: Mapping[str, Any]) -> None:
    with state.lock:
        state.tokens |= set(kept["tokens"])
        state.refresh_tokens |= set(kept["refresh_tokens"])
        state.change(scopes=frozenset(kept["scopes"]))
        state.hooks |= {one["number"]: Hook(**_timed(one)) for one in kept["hooks"]}
        for one in kept["plans"]:
            plan = {**_timed(one), "price": Decimal(one["price"])}
            state.plans[one["number"]] = AppSubscription(**plan)


def _timed(one: Mapping[str, Any]) -> dict[str, Any]:
    moments = {name: one[name] for name in _MOMENTS if one.get(name)}
    return {**one, **{name: datetime.fromisoformat(at) for name, at in moments.items()}}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
