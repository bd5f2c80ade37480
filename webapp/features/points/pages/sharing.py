"""The Sharing page: which stores have one balance, who would be linked, and the way back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.points import queries
from webapp.features.points.pages.words import reasons
from webapp.features.points.queries import tiers
from webapp.features.points.service import identities, matching, sharing

ADDED = N_("sharing.added", "The store shares now. Its members are being linked.")
REMOVED = N_("sharing.removed", "The store shares no more. Who is linked stays linked.")
PARTING = N_("sharing.parting", "The members of the store are being parted.")
SAVED = N_("sharing.saved", "Saved.")
UNDONE = N_("sharing.undone", "The change is undone.")
PARTED = N_("sharing.parted", "The link is undone. Both are members of their own again.")
CHANGES_SHOWN, LINKS_SHOWN = 5, 10


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    """The stores and settings, and with `look` in the query the preview of that store."""
    settings, changes = queries.read_sharing(ctx), queries.changes(ctx, CHANGES_SHOWN)
    looked_at = form.one("look")
    return {
        "sharing": settings,
        "lines": store_lines(ctx),
        "looked_at": looked_at,
        "preview": matching.preview(ctx, looked_at) if looked_at else None,
        "reasons": reasons(ctx.locale),
        "tiers": tiers.names(ctx, ctx.locale),
        "changes": [change_in_words(ctx.locale, change) for change in changes],
        "undoable": next((c.change_id for c in changes if c.undone_at is None), None),
        "links": queries.links(ctx, LINKS_SHOWN),
        "pages": discovery.pages(),
    }


def store_lines(ctx: Context) -> list[Mapping[str, Any]]:
    """Every store with what it shares, and how its orders earn today."""
    rates = queries.rule_at(ctx, ctx.now).rates
    return [
        {"store": store, "rate": rates.get(store.store_id, Decimal(1))}
        for store in queries.stores_shared(ctx)
    ]


def change_in_words(locale: str, change: queries.Change) -> Mapping[str, Any]:
    """One change: which stores came and went, and what else was chosen."""
    before, after = set(change.before.shared_stores), set(change.after.shared_stores)
    return {
        "change": change,
        "added": sorted(after - before),
        "removed": sorted(before - after),
        "board": switched(change.before.shared_leaderboard, change.after.shared_leaderboard),
        "asking": switched(change.before.ask_members, change.after.ask_members),
    }


def switched(before: bool, after: bool) -> str:
    """on, off, or nothing when it stayed as it was."""
    return "" if before == after else "on" if after else "off"


def add(ctx: Context, form: Form) -> Done:
    sharing.add_store(ctx, form.one("store"))
    return Done(i18n.text(ctx.locale, *ADDED))


def remove(ctx: Context, form: Form) -> Done:
    sharing.remove_store(ctx, form.one("store"))
    return Done(i18n.text(ctx.locale, *REMOVED))


def part(ctx: Context, form: Form) -> Done:
    sharing.part_store(ctx, form.one("store"))
    return Done(i18n.text(ctx.locale, *PARTING))


def choose(ctx: Context, form: Form) -> Done:
    sharing.choose(
        ctx,
        shared_leaderboard=form.one("shared_leaderboard") == "yes",
        ask_members=form.one("ask_members") == "yes",
    )
    return Done(i18n.text(ctx.locale, *SAVED))


def undo(ctx: Context, form: Form) -> Done:
    sharing.undo_change(ctx, form.one("change"))
    return Done(i18n.text(ctx.locale, *UNDONE))


def unlink(ctx: Context, form: Form) -> Done:
    identities.unmerge(ctx, form.one("link"))
    return Done(i18n.text(ctx.locale, *PARTED))


PAGE = Page(
    path="sharing",
    title=N_("sharing.title", "Sharing"),
    order=14,
    group="programme",
    permission="admin:settings",
    load=load,
    template="sharing.html",
    actions={
        "add": add,
        "remove": remove,
        "part": part,
        "choose": choose,
        "undo": undo,
        "unlink": unlink,
    },
)
