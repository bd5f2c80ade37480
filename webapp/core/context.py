"""The Context: what one unit of work may see and do.

It is opened by `Database.transaction` for one tenant and handed to every use case. A use case
reads and writes through `db`, and says what else must follow: events (`emit`), the audit log
(`audit`), product events (`track`) and cache tags (`stale`). It never commits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webapp.core import audit, outbox
from webapp.core.breakers import Breakers, NoBreakers
from webapp.core.crypto import KeyRing
from webapp.core.tenancy import Actor
from webapp.core.words import new_id

# Topic -> names of the handlers that want it. Names only, so that core knows no feature.
HandlerNames = Mapping[str, tuple[str, ...]]


@dataclass
class Context:
    """One unit of work of one tenant. `now` is business time, `wall` real time, both UTC.

    `store_id` is the store that a person at the dashboard has chosen to look at; None is all of
    them, and what programs and jobs have. `breakers` tell which destinations and keys rest.
    `base_url` is where the web application is reached."""

    db: Session
    merchant_id: str
    actor: Actor
    locale: str
    now: datetime
    wall: datetime
    keys: KeyRing
    handlers: HandlerNames
    store_id: str | None = None
    breakers: Breakers = field(default_factory=NoBreakers)
    base_url: str = ""
    rings: set[str] = field(default_factory=set)
    stale_tags: set[str] = field(default_factory=set)

    def emit(self, topic: str, key: str, payload: Mapping[str, Any], due_in: float = 0.0) -> None:
        """Record that something happened, once per (topic, key); handlers hear of it at once, or
        after `due_in` seconds. See `outbox.emit`."""
        self.emit_all(topic, [(key, payload)], due_in)

    def emit_all(
        self,
        topic: str,
        messages: Iterable[tuple[str, Mapping[str, Any]]],
        due_in: float = 0.0,
    ) -> None:
        """Record several (key, payload) of one topic in one statement."""
        handlers = self.handlers.get(topic, ())
        outbox.emit(self.db, self.merchant_id, topic, list(messages), handlers, due_in)
        if due_in <= 0:
            self.rings.update(handlers)

    def audit(self, action: str, **metadata: Any) -> None:
        """Write one audit row in this transaction."""
        audit.record(self.db, self.merchant_id, self.actor, action, metadata, self.wall)

    def track(self, event: str, **properties: str | int | float | bool | None) -> None:
        """Record a product event: `event` is the specification's word, the same constant as the
        audit action. Properties are ids, figures and choices, never an address or a name.

        It is counted in our own tables, and sent to PostHog where that is connected. People at the
        dashboard are named by their id, everybody else by the merchant only.
        """
        payload = {
            "event": event,
            "properties": properties,
            "at": self.now.isoformat(),
            "actor_kind": self.actor.kind,
            "admin_user_id": self.actor.id if self.actor.kind == "admin" else None,
        }
        self.emit("product.event", new_id("evt_"), payload)

    def stale(self, *tags: str) -> None:
        """Name cache tags that are wrong once this transaction has committed."""
        self.stale_tags.update(tags)
