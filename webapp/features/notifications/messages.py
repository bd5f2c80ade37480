"""What goes into and comes out of the use cases of notifications."""

from dataclasses import dataclass, field
from datetime import datetime, time

from webapp.core.connections import Credentials
from webapp.core.contract import Facts


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: the outbox message's topic and key, and what its payload says."""

    topic: str
    key: str
    payload: Facts


@dataclass(frozen=True, slots=True)
class Settings:
    """What a merchant wants said: quiet hours on the wall clock of each store (none when both are
    the same), whether they hold for e-mail too, and what is switched off, as `name:channel`."""

    quiet_from: time = time(21)
    quiet_until: time = time(9)
    quiet_email: bool = False
    switched_off: frozenset[str] = frozenset()

    def wants(self, name: str, channel: str) -> bool:
        """Whether this message is sent over this channel."""
        return f"{name}:{channel}" not in self.switched_off


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out, with the address it goes to, which is never printed. `breaker`
    names the credential."""

    notification_id: str
    credentials: Credentials
    breaker: str
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    external_id: str | None = field(repr=False)
    metric: str
    occurred_at: datetime
    properties: Facts
    profile: Facts


@dataclass(frozen=True, slots=True)
class Recent:
    """One message of the last ones: `state` is queued, sent, skipped or dead, `reason` why."""

    notification_id: str
    name: str
    channel: str
    locale: str
    created_at: datetime
    due_at: datetime | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the merchant has not dismissed yet, in the reader's language."""

    notice_id: str
    at: datetime
    subject: str
    body: tuple[str, ...]
    page: str


@dataclass(frozen=True, slots=True)
class Preview:
    """One message as a reader of `locale` gets it; `real` when it shows what was last said."""

    name: str
    locale: str
    direction: str
    subject: str
    body: tuple[str, ...]
    short: str
    channels: tuple[str, ...]
    real: bool
