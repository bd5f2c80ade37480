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
from webapp.core.i18n import N_

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


class Form:
    """What a submitted form, or the query of a page, says; every value is text."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field, without blanks around it."""
        return next((value.strip() for value in self._values.get(name, ())), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, e.g. of checkboxes."""
        return tuple(self._values.get(name, ()))

    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(self._values)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a form: `notice` is shown to the person (already in their language), on the
    page `to` (a path below /admin/; the form's own page without it). `show` goes to the template of
    the form's own page at once, without a redirect, for what must not be kept, e.g. a new key."""

    notice: str = ""
    to: str | None = None
    show: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """pages.py: PAGES = (Page(...),): a page of the dashboard at `/admin/<path>`.

    `load` reads what `template` shows (it lies in the feature's `templates/` and extends
    `shell.html`). Each of `actions` takes a form that was sent to `/admin/<path>/<action>` (macro
    `ui.form`) in a transaction that may write; an AppError it raises is shown on the page, with
    the form's values kept (`form` in the template). `title` is marked with N_. Lower `order` comes
    first in the navigation, under its `group` (one of GROUPS).
    """

    path: str
    title: tuple[str, str]
    order: int
    group: str
    permission: str
    load: Callable[[Context, Form], Mapping[str, Any]]
    template: str
    actions: Mapping[str, Callable[[Context, Form], Done]] = field(default_factory=dict)


# Navigation groups of the dashboard, in their order.
GROUPS = {
    "programme": N_("dashboard.group.programme", "Programme"),
    "insights": N_("dashboard.group.insights", "Insights"),
    "connections": N_("dashboard.group.connections", "Connections"),
    "account": N_("dashboard.group.account", "Account"),
}


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
