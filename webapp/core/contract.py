"""What a feature offers to the world: the parts that entries and jobs find by name.

Nothing here is registered by hand. `discovery` imports the file of that kind from every feature
and reads the tuple or mapping named in the docstrings below.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.core.context import Context
from webapp.core.db import Database
from webapp.core.deliveries import Message

# jobs.py: APPLIES = {topic: apply}. Database only, in sets, exactly once.
Apply = Callable[[Context, Sequence[Message]], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try to send. `ok` is done; otherwise `reason` says why not, `final` that
    no retry can help, `after` the seconds the receiver asked us to wait (Retry-After).
    `report` is handed to `settle` when ok."""

    ok: bool
    reason: str = ""
    final: bool = False
    after: float | None = None
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """jobs.py: SENDS = {topic: Send(...)}. At least once, with the delivery as the key.

    `prepare` reads what to send, in the transaction that takes the lease, so that a retry always
    sends the newest state; None means there is nothing to send any more. `send` talks to the
    network with no transaction open. `settle` records an ok outcome in the transaction that deletes
    the delivery.
    """

    prepare: Callable[[Context, Message], Any]
    send: Callable[[Any, Any], Outcome]
    settle: Callable[[Context, Any, Outcome], None]


@dataclass(frozen=True, slots=True)
class Panel:
    """pages.py: PANELS = (Panel(...),): a part of the dashboard's overview. `load` gives the values
    of `template`, which lies in the feature's `templates/`. Lower `order` comes first."""

    name: str
    order: int
    permission: str
    load: Callable[[Context], Mapping[str, Any]]
    template: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a widget: the shop, and the member when one is signed in. A customer who signed
    in but has not ordered yet is `signed_in` without a `customer_id`. `root` begins the addresses
    of the shop in the visitor's language, e.g. `/ar`, or is empty."""

    shop: str
    path_prefix: str
    root: str
    customer_id: str | None
    signed_in: bool


@dataclass(frozen=True, slots=True)
class Widget:
    """widgets/<name>/widget.py: WIDGET = Widget(...). `load` gives the values of `fragment.html`;
    `tags` names the cache tags that a cached fragment of this visitor depends on."""

    load: Callable[[Context, Visitor], Mapping[str, Any]]
    tags: Callable[[Visitor], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Command:
    """commands.py: COMMANDS = {"verb": Command(...)}: a verb of the command line.

    `main` takes the database and the remaining arguments, and returns the exit code: 0 done,
    1 failed, 2 wrong use.
    """

    help: str
    main: Callable[[Database, list[str]], int]
