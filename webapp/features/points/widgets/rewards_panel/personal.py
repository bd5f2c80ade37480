"""What members decide about themselves: one balance over several shops, and their birthday."""

import hashlib
from collections.abc import Mapping
from typing import Any

from babel.dates import get_month_names

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Visitor
from webapp.features.points.domain.birthdays import CHANGE_AGAIN
from webapp.features.points.queries import personal
from webapp.features.points.queries.rules import rule_at

TEMPLATE = "points/widgets/rewards_panel/personal.html"


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any] | None:
    """None for strangers, and where there is nothing to decide."""
    if visitor.customer_id is None:
        return None
    linking = personal.linking(ctx, visitor.customer_id, visitor.store_id)
    points = rule_at(ctx, ctx.now).birthday_points
    named = personal.birthday_named_at(ctx, visitor.customer_id) if points else None
    asks = points and (named is None or named <= ctx.now - CHANGE_AGAIN)
    if linking is None and not points:
        return None
    return {
        "linking": linking,
        "linking_key": key(visitor, linking and (linking.state, linking.said_at)),
        "birthday_points": points,
        "birthday_key": key(visitor, named),
        "months": months(ctx.locale) if asks else [],
    }


def key(visitor: Visitor, *seen: object) -> str:
    """What makes a second click the same call; it changes with what the member has seen."""
    said = f"{visitor.customer_id}:{visitor.external_id}:{seen}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def months(locale: str) -> list[tuple[int, str]]:
    """The twelve months of the calendar that birthdays are kept in, as they stand alone."""
    names = get_month_names("wide", "stand-alone", i18n.babel_locale(locale))
    return [(number, names[number]) for number in range(1, 13)]
