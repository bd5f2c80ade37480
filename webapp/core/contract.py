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
from webapp.core.errors import AppError, Kind
from webapp.core.i18n import N_
from webapp.core.storefront import ProxyPage as ProxyPage
from webapp.core.storefront import Seen as Seen
from webapp.core.storefront import Visitor as Visitor
from webapp.core.storefront import Widget as Widget

# jobs.py: APPLIES = {topic: apply}, or a tuple of applies. Database only, in sets, exactly once.
# jobs.py: EVERY = {"hourly": work}, or a tuple of works: work(ctx), once a period for each merchant
# and for the platform (merchant id "platform", which has no row in `merchants` and no stores);
# database only, what leaves is emitted. See `schedule`.
# inbound.py: RECEIVES = {("shopify", "orders/paid"): receive}: receive(ctx, events), database only,
# in sets, exactly once. See `inbox`.
Apply = Callable[[Context, Sequence[Message]], None]
Applies = Mapping[str, Apply | tuple[Apply, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try to send. `ok` is done; otherwise `reason` says why not, `final` that
    no retry can help, `after` the seconds the receiver asked us to wait (Retry-After), and
    `credential` that the receiver does not take our key. `report` is handed to `settle` when ok.
    `took` is how long the try took, in seconds; `ours` says that our own code failed."""

    ok: bool
    reason: str = ""
    final: bool = False
    after: float | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    took: float = 0.0
    credential: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """jobs.py: SENDS = {topic: Send(...)}. At least once, with the delivery as the key.

    `prepare` reads what to send, in the transaction that takes the lease, so that a retry always
    sends the newest state; None means there is nothing to send any more. `send` talks to the
    network with no transaction open; it may let a GatewayError escape, which becomes the outcome.
    `settle` records an ok outcome in the transaction that deletes the delivery.

    `bury` is called, with the reason, in the transaction in which a delivery is given up, so that
    what waited for it can be undone; it must leave a delivery that is put back with nothing to do.

    `destination` is the service that is called: sends to one destination share a breaker and a few
    threads, and slow no other. What `prepare` gives back may have an attribute `breaker`, the `ref`
    of the key it uses, so that a key that is refused stops only what is sent with it.
    """

    prepare: Callable[[Context, Message], Any]
    send: Callable[[Any, Any], Outcome]
    settle: Callable[[Context, Any, Outcome], None]
    destination: str
    bury: Callable[[Context, Message, str], None] | None = None


# What a payload says for texts: whole numbers, and short plain text.
Facts = Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Wording:
    """One text of a notification, marked with N_. Where it depends on a number, `text` has the
    English for one and for many, and `count` names the fact that decides; it is `%(num)s`."""

    text: tuple[str, ...]
    count: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """messages.py: NOTIFICATIONS = (Notification(...),): what is said to whom when `topic` happens.

    The feature that emits the topic declares what is said, and does nothing else: the feature
    `notifications` hears the topic, writes the text in the reader's language at that moment, and
    sends it where the merchant's settings, the shopper's consent and the quiet hours allow.

    `facts` names what the texts and the events may use of the payload, each with a sample for the
    preview: whole numbers (written as the language writes them) or short plain text, never an
    address. Texts may also use `%(shop)s`. A message to a shopper needs `customer_id` and
    `store_id` in the payload, and says `email` and `sms` in `channels`; one to the merchant says
    `dashboard`, and its payload may name a `store_id`.

    `metric` is what happened, the action first ("Earned Points"): Klaviyo's metric and, without
    blanks, Postscript's event type. `profile` maps a fact to the profile property it sets. `page`
    is where a notice on the dashboard leads. Notices of one day that share the fact `gathered_by`
    are one notice, and `events` then counts them.
    """

    name: str
    topic: str
    audience: str
    title: tuple[str, str]
    channels: tuple[str, ...]
    kind: str
    subject: Wording
    body: tuple[Wording, ...]
    facts: Facts
    short: Wording | None = None
    metric: str = ""
    profile: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    gathered_by: str = ""


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
    """What a submitted form, or the query of a page, says; every value is text, beside the files
    that came with it."""

    def __init__(
        self, values: Mapping[str, Sequence[str]], files: Mapping[str, bytes] | None = None
    ) -> None:
        self._values, self._files = values, files or {}

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field, without blanks around it."""
        return next((value.strip() for value in self._values.get(name, ())), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, e.g. of checkboxes."""
        return tuple(self._values.get(name, ()))

    def file(self, name: str) -> bytes:
        """What a file holds; nothing when none was chosen."""
        return self._files.get(name, b"")

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


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure is `numerator` by `denominator`; there is none while the denominator is 0."""

    numerator: float
    denominator: int


@dataclass(frozen=True, slots=True)
class Metric:
    """pages.py: METRICS = {name: Metric(...)}: how a success metric of the specification is
    measured for a merchant, from our own tables.

    Telemetry lists all of them under `<feature>.<name>`, with goal and definition; one that no
    feature measures is shown as not yet measured. The texts, marked with N_, say what is counted,
    out of what, and over which period.
    """

    numerator: tuple[str, str]
    denominator: tuple[str, str]
    period: tuple[str, str]
    measure: Callable[[Context], Measured]


# Navigation groups of the dashboard, in their order.
GROUPS = {
    "programme": N_("dashboard.group.programme", "Programme"),
    "insights": N_("dashboard.group.insights", "Insights"),
    "connections": N_("dashboard.group.connections", "Connections"),
    "account": N_("dashboard.group.account", "Account"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """commands.py: COMMANDS = {"verb": Command(...)}: a verb of the command line.

    `main` takes the database and the remaining arguments, and returns the exit code: 0 done,
    1 failed, 2 wrong use.
    """

    help: str
    main: Callable[[Database, list[str]], int]


@dataclass(frozen=True, slots=True)
class Example:
    """One call as the documentation shows it, and as a test makes it: `given` in, the fields of
    `answer` out (without status and error). An object in a field may have more than is shown; `…`
    in a text stands for what is another one each time."""

    given: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UseCase:
    """api.py: USE_CASES = (UseCase(...),): one row a call of programs, whatever its way in.

    `rest` reads `METHOD /v1/path`, `grpc` `package.Service/Method`, `proxy` is the App Proxy
    action, which shoppers take: its message has `customer_id` (the member) and may have `store_id`,
    `external_id` (the store's number for the customer) and `key` (what makes a repeated call the
    same call); they come from the shop's signature. With `guests` everybody may take it, and the
    first and the third may be None. `said`, marked with N_, is what a shopper reads
    when it is done. `message` and `result` are frozen dataclasses as `core.messages` reads them;
    `run` takes the first and gives the second, or raises AppError of one of the kinds in `errors`
    (beside those of every call); nothing it did is left then, and `failed`, where there is one, is
    told of it in a transaction of its own, for what is to be noted of a failure. `again` gives the
    result to a repeated call where the first one does not last as long as its key; it is not kept
    then. Without `write` the call runs in a read-only transaction.
    `summary` (a line) and `detail` (a paragraph) are for the documentation, which is in English.
    """

    name: str
    permission: str
    message: type[Any]
    result: type[Any]
    run: Callable[[Context, Any], Any]
    summary: str
    detail: str
    examples: tuple[Example, ...] = ()
    errors: tuple[Kind, ...] = ()
    rest: str | None = None
    failed: Callable[[Context, Any, AppError], None] | None = None
    again: Callable[[Context, Any], Any] | None = None
    grpc: str | None = None
    proxy: str | None = None
    said: tuple[str, str] | None = None
    guests: bool = False
    write: bool = True

    @property
    def method(self) -> str:
        """The HTTP method; empty without a REST call."""
        return (self.rest or "").partition(" ")[0]

    @property
    def path(self) -> str:
        """The path of the REST call; empty without one."""
        return (self.rest or "").partition(" ")[2]

    @property
    def repeatable(self) -> bool:
        """Whether the call takes an Idempotency-Key: writes do, GET needs none."""
        return self.write and self.method != "GET"
