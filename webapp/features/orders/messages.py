"""What goes into and comes out of the use cases of orders, and what is said about them."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_


@dataclass(frozen=True, slots=True)
class BeginImport:
    """Files on their way into one store; `label` says e.g. that they are simulated."""

    store_id: str
    file_names: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """How many orders and refunds lie ready; refunds follow the orders in the numbering."""

    orders: int
    refunds: int


@dataclass(frozen=True, slots=True)
class TakeChunk:
    """Take the staged rows `first..last` (numbered from 1) of one kind into the store."""

    import_id: str
    store_id: str
    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Where an import is; counts are lines."""

    import_id: str
    state: str
    percent: int
    read: int
    skipped: int
    refused: int


@dataclass(frozen=True, slots=True)
class StoreFound:
    """A store by its domain, with what reading its files needs."""

    store_id: str
    currency: str
    timezone: str


@dataclass(frozen=True, slots=True)
class FileImport:
    """What to import. Times without a zone are in `timezone`, else in the store's own zone."""

    shop: str
    files: tuple[Path, ...]
    refunds: tuple[Path, ...] = ()
    timezone: str | None = None
    label: str = ""
    report: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the lines. `taken` are new rows; `refusals` names the report, if any."""

    read: int
    taken: int
    skipped: int
    refused: int
    seconds: float
    refusals: str | None


@dataclass(frozen=True, slots=True)
class MissedPage:
    """One page of the orders that a shop has changed since a moment, asked for because it could not
    tell us of `topic` meanwhile. `since` is ISO 8601 in UTC; `after` the shop's cursor, None for
    the first."""

    store_id: str
    shop_domain: str
    access_token: str = field(repr=False)
    topic: str
    since: str
    after: str | None

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of a shop's past orders, from `since` (ISO 8601 in UTC) on, and what the pages
    before it held; `after` is the shop's cursor, None for the first."""

    store_id: str
    shop_domain: str
    access_token: str = field(repr=False)
    breaker: str
    import_id: str
    since: str
    after: str | None
    orders: int
    refunds: int
    skipped: int
    refused: int


@dataclass(frozen=True, slots=True)
class BulkTurn:
    """One step of reading a shop's whole past from the file of a bulk operation: to begin it (no
    `operation_id`), to look after it, or to read on from byte `cursor`. The counts are of what was
    read before; `turn` numbers the steps."""

    store_id: str
    shop_domain: str
    access_token: str = field(repr=False)
    breaker: str
    import_id: str
    since: str
    turn: int
    operation_id: str
    cursor: int
    orders: int
    refunds: int
    skipped: int
    refused: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be forgotten in a store: a customer, guests' orders, or all of it (neither is
    named). `asked_at` is when the shop asked for it."""

    store_id: str
    customer: str | None
    order_keys: tuple[str, ...]
    asked_at: datetime

    @property
    def whole_store(self) -> bool:
        return self.customer is None and not self.order_keys


@dataclass(frozen=True, slots=True)
class RequestShown:
    """A request in the name of privacy, as the dashboard shows it; `external_id` is the shop's own
    number of the customer, None for guests and for whole stores."""

    request_id: str
    shop_domain: str
    kind: str
    external_id: str | None
    received_at: datetime
    due_at: datetime
    done_at: datetime | None


NOTIFICATIONS = (
    Notification(
        name="import_finished",
        topic="orders.import_finished",
        audience="merchant",
        title=N_("notification.import_finished", "Import finished"),
        channels=("dashboard",),
        kind="transactional",
        subject=Wording(
            N_("notification.import_finished.subject", "The import into %(shop)s is finished")
        ),
        body=(
            Wording(
                N_(
                    "notification.import_finished.taken",
                    "%(num)s new order or refund was taken in.",
                    "%(num)s new orders and refunds were taken in.",
                ),
                "taken",
            ),
        ),
        facts={"taken": 2400},
    ),
    Notification(
        name="data_requested",
        topic="orders.data_requested",
        audience="merchant",
        title=N_("notification.data_requested", "A customer asks for their data"),
        channels=("dashboard",),
        kind="transactional",
        subject=Wording(
            N_(
                "notification.data_requested.subject",
                "A customer of %(shop)s wants to know what is held of them",
            )
        ),
        body=(
            Wording(
                N_(
                    "notification.data_requested.body",
                    "Download the record and send it to them within 30 days.",
                )
            ),
        ),
        facts={"day": "2026-03-14"},
        page="privacy",
        gathered_by="day",
    ),
)
