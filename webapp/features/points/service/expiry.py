"""Brings cards up to the moment when nobody moves the points: something has expired, or can be
spent from now on. What can be spent never depends on it, for it is read from the lots."""

from collections.abc import Iterable

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.points.service.book import open_book

MEMBERS_A_SET = 1_000


def ask_to_settle(ctx: Context) -> None:
    """Ask that the cards of all members are settled whose time has come, in sets."""
    values = {"merchant_id": ctx.merchant_id, "now": ctx.now}
    due = list(ctx.db.scalars(_DUE, values))
    sets = (due[at : at + MEMBERS_A_SET] for at in range(0, len(due), MEMBERS_A_SET))
    ctx.emit_all("points.due", [(new_id("due_"), {"customers": members}) for members in sets])


_DUE = text(
    """
    select customer_id from customer_cards
    where merchant_id = :merchant_id and changes_at <= :now
    order by customer_id
    """
)


def settle_members(ctx: Context, customers: Iterable[str]) -> None:
    """Enter what has expired of these members' points, and bring their cards up to the moment. One
    whose card is up to date already is left alone."""
    open_book(ctx, customers).close()
