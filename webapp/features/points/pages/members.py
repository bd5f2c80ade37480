"""The Members page: find one member, see everything about their points, and put things right."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.fields import refused
from webapp.core.i18n import N_
from webapp.core.members import find_member
from webapp.core.words import is_line, new_id
from webapp.features.points import queries
from webapp.features.points.messages.identities import AdjustPoints, Pair
from webapp.features.points.pages.words import explained, reasons
from webapp.features.points.queries import people, rewards, tiers
from webapp.features.points.service import corrections, identities, matching
from webapp.features.points.service.receipt_words import LABELS

PATH = "members"
POINTS = N_("members.field.points", "Points")
REASON = N_("members.field.reason", "Reason")
ASKED = N_("members.field.asked", "Whom to look for")
ADJUSTED = N_("members.adjusted", "The correction is entered.")
MERGED = N_("members.merged", "They are one member now.")
PARTED = N_("members.parted", "The link is undone. Both are members of their own again.")
LINKS_SHOWN, LONGEST = 20, 200
SHOWN, SHOWN_AT_MOST = 50, 1_000
_POINTS = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    """One member, where one is named; and beside them another with whom they could be one."""
    asked = form.one("member")
    values = {"person": None, "found": None, "asked": "", "tiers": tiers.names(ctx, ctx.locale)}
    return {**values, **_person(ctx, form, asked)} if asked else values


def _person(ctx: Context, form: Form, asked: str) -> Mapping[str, Any]:
    person = people.read_person(ctx, asked)
    most = SHOWN_AT_MOST if form.one("all") else SHOWN
    receipts = queries.receipts(ctx, person.member, most + 1)
    other, problem = _compared(ctx, person.member, form.one("with"))
    return {
        "person": person,
        "receipts": [(r, explained(ctx.locale, r)) for r in receipts[:most]],
        "more": len(receipts) > most and most == SHOWN,
        "entries": {kind: i18n.text(ctx.locale, *words) for kind, words in LABELS.items()},
        "links": queries.links(ctx, LINKS_SHOWN, person.homes),
        "reasons": reasons(ctx.locale),
        "codes": rewards.codes(ctx, person.member),
        "shops": {known.store_id: known.shop_domain for known in person.known}.items(),
        "points_label": i18n.text(ctx.locale, *POINTS),
        "reason_label": i18n.text(ctx.locale, *REASON),
        "key": new_id("adj_"),
        "pair": other,
        "problem": problem,
    }


def _compared(ctx: Context, member: str, asked: str) -> tuple[Pair | None, str]:
    """What a merge with whoever is asked for would bring, or why that cannot be."""
    if not asked:
        return None, ""
    try:
        other = find_member(ctx, asked)
        return matching.preview_pair(ctx, member, other), ""
    except AppError as error:
        return None, error.message(ctx.locale)


def find(ctx: Context, form: Form) -> Done:
    """Look somebody up. By a form that is sent, so that no address gets into the page's own, which
    is kept in logs and histories."""
    asked = required(ctx, form, "asked", ASKED)
    return Done(show={"found": people.find_people(ctx, asked), "asked": asked})


def adjust(ctx: Context, form: Form) -> Done:
    """Enter a correction; a form that is sent twice counts once."""
    said = form.one("points")
    if not _POINTS.fullmatch(said) or int(said) == 0:
        raise refused(ctx, POINTS, said)
    member = people.read_person(ctx, form.one("member")).member
    reason, key = required(ctx, form, "reason", REASON), form.one("key")
    if not re.fullmatch(r"adj_[A-Za-z0-9_-]{16,40}", key):
        raise AppError(INVALID_VALUE, field="key", value="-")
    message = AdjustPoints(member, form.one("store"), int(said), reason, key)
    corrections.adjust_points(ctx, message)
    return Done(i18n.text(ctx.locale, *ADJUSTED), to=at(member))


def required(ctx: Context, form: Form, name: str, label: tuple[str, str]) -> str:
    """What was entered. Raises AppError: field_required; invalid_value for more than a line."""
    said = form.one(name)
    if not said:
        raise AppError(FIELD_REQUIRED, field=i18n.text(ctx.locale, *label))
    if len(said) > LONGEST or not is_line(said):
        raise refused(ctx, label, said)
    return said


def merge(ctx: Context, form: Form) -> Done:
    member, other = form.one("member"), form.one("other")
    identities.merge(ctx, member, other, "merchant")
    return Done(i18n.text(ctx.locale, *MERGED), to=at(member))


def unlink(ctx: Context, form: Form) -> Done:
    member = people.read_person(ctx, form.one("member")).member
    identities.unmerge(ctx, form.one("link"))
    return Done(i18n.text(ctx.locale, *PARTED), to=at(member))


def at(member: str) -> str:
    """The address of a member's page below /admin/."""
    return f"{PATH}?member={quote(member, safe='')}"


PAGE = Page(
    path=PATH,
    title=N_("members.title", "Members"),
    order=12,
    group="programme",
    permission="admin:points",
    load=load,
    template="members.html",
    actions={"find": find, "adjust": adjust, "merge": merge, "unlink": unlink},
)
