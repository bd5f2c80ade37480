"""Points display: the balance, the last entries and what to do next."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.cache import points_tag
from webapp.core.context import Context
from webapp.core.contract import Visitor, Widget
from webapp.core.i18n import N_
from webapp.features.points import queries

ENTRY_LABELS = {
    "earn": N_("points_display.entry.earn", "Order"),
    "bonus": N_("points_display.entry.bonus", "Bonus"),
    "redeem": N_("points_display.entry.redeem", "Reward"),
    "redeem_reversal": N_("points_display.entry.redeem_reversal", "Reward returned"),
    "clawback": N_("points_display.entry.clawback", "Refund"),
    "expire": N_("points_display.entry.expire", "Expired"),
    "adjust": N_("points_display.entry.adjust", "Correction"),
    "transfer": N_("points_display.entry.transfer", "Transfer"),
    "import": N_("points_display.entry.import", "Brought over"),
}

SHOP = N_("points_display.step.shop", "Shop and earn a point for every whole unit you spend")


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any]:
    if not visitor.signed_in:
        return {"member": False, "balance": 0, "entries": [], "steps": []}
    standing = queries.standing(ctx, visitor.customer_id)
    return {
        "member": True,
        "balance": standing.balance,
        "entries": [
            {
                "day": entry.day,
                "label": i18n.text(ctx.locale, *ENTRY_LABELS[entry.type]),
                "points": entry.points,
            }
            for entry in standing.entries
        ],
        "steps": next_steps(ctx, visitor, standing.to_next_hundred),
    }


def next_steps(ctx: Context, visitor: Visitor, missing: int) -> list[Mapping[str, Any]]:
    """What a member can do now, in the visitor's language."""
    shop = i18n.text(ctx.locale, *SHOP)
    hundred = i18n.plural(
        ctx.locale,
        "points_display.step.hundred",
        "%(num)s more point to your next hundred",
        "%(num)s more points to your next hundred",
        missing,
    )
    return [
        {"text": hundred, "href": None},
        {"text": shop, "href": f"{visitor.root}/collections/all"},
    ]


def tags(visitor: Visitor) -> tuple[str, ...]:
    return (points_tag(visitor.customer_id),) if visitor.customer_id else ()


WIDGET = Widget(load, tags)
