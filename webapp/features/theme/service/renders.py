"""Notes where widgets are shown, once a day each."""

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.theme.domain.placements import EVERYWHERE, PLACEMENTS

THEME_WIDGET_RENDERED = "theme_widget_rendered"


def known_placement(asked: str) -> str:
    """A placement that a page of a shop named; everywhere for anything else."""
    return asked if asked in PLACEMENTS else EVERYWHERE


def note_render(ctx: Context, store_id: str, widget: str, placement: str) -> bool:
    """Note that a store shows the widget at the placement today (UTC); the first time of a day is
    in the audit log. Whether this was the first time."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "widget": widget,
        "placement": placement,
        "day": ctx.wall.date(),
    }
    first = ctx.db.scalar(_NOTE, values) is not None
    if first:
        ctx.audit(THEME_WIDGET_RENDERED, widget=widget, placement=placement, store_id=store_id)
    return first


_NOTE = text(
    """
    insert into widget_renders (merchant_id, store_id, widget, placement, rendered_on)
    values (:merchant_id, :store_id, :widget, :placement, :day)
    on conflict do nothing
    returning 1
    """
)
