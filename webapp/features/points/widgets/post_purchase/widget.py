"""Post-purchase: what the order earned, what that is good for, and for guests how to join.

The sentences are made here, in the buyer's language, so that the extension only shows them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Visitor, Widget
from webapp.core.i18n import N_
from webapp.features.points.queries import rewards as stored
from webapp.features.points.queries.orders import earned_by

HEADING = N_("points_display.heading", "Your points")
GUEST_HEADING = N_("points_display.guest_heading", "Earn points with every order")
JOIN = N_("points_display.join", "Create account")
TEASER = N_("post_purchase.teaser", "Create an account and collect points with your next order.")
PENDING = N_("post_purchase.pending", "The points for this order are on their way.")
READY = N_("post_purchase.ready", "You have enough points for a reward: %(reward)s")


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any]:
    """`state` is guest, pending (we have not heard of the order yet; ask again) or earned; `lines`
    are sentences. An order of somebody else is one that we have not heard of."""
    member = visitor.customer_id
    if not visitor.signed_in:
        return {
            "state": "guest",
            "heading": i18n.text(ctx.locale, *GUEST_HEADING),
            "lines": [i18n.text(ctx.locale, *TEASER)],
            "join": {"label": i18n.text(ctx.locale, *JOIN), "path": "/account/register"},
            "points_earned": None,
            "points_balance": None,
        }
    points = earned_by(ctx, visitor.store_id, member, visitor.order) if member else None
    wallet = stored.wallet(ctx, member) if member else stored.EMPTY
    return {
        "state": "pending" if points is None else "earned",
        "heading": i18n.text(ctx.locale, *HEADING),
        "lines": list(in_words(ctx, visitor, points, wallet.points)),
        "join": None,
        "points_earned": points,
        "points_balance": wallet.points if member else None,
    }


def in_words(ctx: Context, visitor: Visitor, points: int | None, balance: int) -> Iterator[str]:
    """One sentence each: the order, the balance, and the next reward."""
    locale = ctx.locale
    if points is None:
        yield i18n.text(locale, *PENDING)
    else:
        yield i18n.plural(
            locale,
            "post_purchase.earned",
            "%(num)s point for this order",
            "%(num)s points for this order",
            points,
        )
    if visitor.customer_id is None:
        return
    yield i18n.plural(
        locale,
        "rewards_panel.points",
        "%(num)s point to spend",
        "%(num)s points to spend",
        balance,
    )
    offers = [offer for offer in stored.offers(ctx, visitor.store_id) if not offer.sold_out]
    within = [offer for offer in offers if offer.points <= balance]
    beyond = [offer for offer in offers if offer.points > balance]
    if within:
        best = max(within, key=lambda offer: offer.points)
        yield i18n.text(locale, *READY, reward=best.name)
    elif beyond:
        nearest = min(beyond, key=lambda offer: offer.points)
        yield i18n.plural(
            locale,
            "post_purchase.missing",
            "%(num)s more point to a reward: %(reward)s",
            "%(num)s more points to a reward: %(reward)s",
            nearest.points - balance,
            reward=nearest.name,
        )


WIDGET = Widget(load, N_("post_purchase.title", "After the purchase"), checkout=True)
