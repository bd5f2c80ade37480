"""The Sync page: how right the storefronts are, and every customer for whom one was not."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.points import queries, service
from webapp.features.points.queries import reconciliation

PATH = "sync"
RUNS_SHOWN = 30
LINES_SHOWN = 100
BEGUN = N_("sync.begun", "The check has begun. What it finds appears here.")
RUNNING = N_("sync.running", "A check is going on already.")
PUSHING = N_("sync.pushing", "Everything of this store is being sent once more.")
KINDS = {
    "nightly": N_("sync.kind.nightly", "Every night"),
    "asked": N_("sync.kind.asked", "On request"),
}
BOOKS = {
    "entries": N_("sync.books.entries", "Entries against lots"),
    "lots": N_("sync.books.lots", "Lots against what was taken"),
    "card": N_("sync.books.card", "Card against lots"),
    "pending": N_("sync.books.pending", "Pending points against lots"),
    "balance": N_("sync.books.balance", "Balance against card"),
    "replay": N_("sync.books.replay", "Replay of all entries"),
}
FIELDS = {
    "points_balance": N_("sync.field.points", "Points"),
    "tier": N_("sync.field.tier", "Tier"),
    "shared_customer_id": N_("sync.field.shared", "Shared customer id"),
    "leaderboard_score": N_("sync.field.score", "Leaderboard score"),
}


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    runs = reconciliation.runs(ctx, RUNS_SHOWN)
    found = reconciliation.mismatches(ctx, LINES_SHOWN)
    states = reconciliation.store_states(ctx)
    measured = queries.sync_accuracy(ctx)
    last = next((run for run in runs if run.finished_at), None)
    return {
        "accuracy": rounded(int(measured.numerator), measured.denominator),
        "last": last,
        "differences": [difference(ctx.locale, one) for one in last.differences] if last else [],
        "going_on": bool(runs and runs[0].finished_at is None),
        "runs": [line(ctx.locale, run) for run in runs],
        "shops": states,
        "pending": sum(state.pending for state in states),
        "mismatches": [named(ctx.locale, one) for one in found],
        "refusals": reconciliation.refused(ctx, LINES_SHOWN),
        "lines_shown": LINES_SHOWN,
    }


def rounded(right: int, judged: int) -> float | None:
    """A share to a tenth of a per cent, downwards: only what is wholly right is 100 %. None where
    there was nothing to judge."""
    return 1000 * right // judged / 1000 if judged else None


def difference(locale: str, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """One difference between the books, in words."""
    return {**found, "what": i18n.text(locale, *BOOKS[found["what"]])}


def line(locale: str, run: reconciliation.Run) -> Mapping[str, Any]:
    """One run as the table and its bars show it."""
    return {
        "run": run,
        "kind": i18n.text(locale, *KINDS[run.kind]),
        "accuracy": rounded(run.matched, run.judged),
    }


def named(locale: str, found: reconciliation.Mismatch) -> Mapping[str, Any]:
    """One mismatch, field by field: (name, expected, found or none)."""
    fields = [
        (i18n.text(locale, *FIELDS[key]), found.expected[key], found.found.get(key))
        for key in FIELDS
        if key in found.expected
    ]
    return {"one": found, "fields": fields}


def check(ctx: Context, form: Form) -> Done:
    """Begin a reconciliation now."""
    return Done(i18n.text(ctx.locale, *(BEGUN if service.ask_check(ctx) else RUNNING)))


def push(ctx: Context, form: Form) -> Done:
    """Send everything of one store again."""
    service.ask_all(ctx, form.one("store_id"))
    return Done(i18n.text(ctx.locale, *PUSHING))


PAGE = Page(
    path=PATH,
    title=N_("sync.title", "Sync"),
    order=30,
    group="insights",
    permission="admin:points",
    load=load,
    template="sync.html",
    actions={"check": check, "push": push},
)
