"""Rewards panel: what can be had for points, what was had, and how to use it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.core import i18n
from webapp.core.cache import points_tag, rewards_tag
from webapp.core.context import Context
from webapp.core.contract import Visitor, Widget
from webapp.core.i18n import N_
from webapp.features.points.domain.rewards import missing
from webapp.features.points.queries import rewards as stored
from webapp.features.points.widgets.rewards_panel import invite, personal

# What a code's state is called; those that are still on their way are asked for again.
STATES = {
    "preparing": N_("rewards_panel.state.preparing", "Being prepared…"),
    "ready": N_("rewards_panel.state.ready", "Ready"),
    "used": N_("rewards_panel.state.used", "Used"),
    "cancelling": N_("rewards_panel.state.cancelling", "Being given back…"),
    "returned": N_("rewards_panel.state.returned", "Given back. Your points are back."),
    "expired": N_("rewards_panel.state.expired", "Expired"),
    "expired_returned": N_(
        "rewards_panel.state.expired_returned", "Expired. Your points are back."
    ),
    "failed": N_(
        "rewards_panel.state.failed",
        "The shop could not make this code. Your points are back.",
    ),
}
STILL_GOOD = N_(
    "rewards_panel.still_good", "It could not be given back just now, so it can still be used."
)
MONEY_OFF = N_("rewards_panel.money_off", "%(amount)s off")
PER_CENT_OFF = N_("rewards_panel.per_cent_off", "%(percent)s off")
FROM = N_("rewards_panel.minimum", "from %(amount)s")
ON_THEIR_WAY = ("preparing", "cancelling")


@dataclass(frozen=True, slots=True)
class Section:
    """What another part of the programme adds to the panel: `load` gives the `values` of
    `template`; None leaves it out."""

    load: Callable[[Context, Visitor], Mapping[str, Any] | None]
    template: str


SECTIONS: tuple[Section, ...] = (
    Section(personal.load, personal.TEMPLATE),
    Section(invite.load, invite.TEMPLATE),
)


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any]:
    member = visitor.customer_id
    wallet = stored.wallet(ctx, member) if member else stored.EMPTY
    codes = stored.codes(ctx, member) if member else []
    return {
        "signed_in": visitor.signed_in,
        "member": member is not None,
        "balance": wallet.points,
        "pending": wallet.pending,
        "tier": wallet.tier,
        "redeem_key": key(member, wallet.version),
        "cancel_key": key(member, *((c.redemption_id, c.state, c.changed_at) for c in codes)),
        "rewards": [
            reward(ctx.locale, offer, wallet.points)
            for offer in stored.offers(ctx, visitor.store_id)
        ],
        "codes": [code(ctx.locale, one, visitor) for one in codes],
        "on_their_way": any(one.state in ON_THEIR_WAY for one in codes),
        "sections": [
            (section.template, values)
            for section in SECTIONS
            if (values := section.load(ctx, visitor)) is not None
        ],
    }


def key(member: str | None, *seen: object) -> str:
    """What makes a second click, or a click in another tab, the same call: it changes with what the
    member has `seen` when they clicked."""
    return hashlib.sha256(f"{member}:{seen}".encode()).hexdigest()[:32]


def reward(locale: str, offer: stored.Offer, balance: int) -> Mapping[str, Any]:
    details = []
    if offer.amount_minor is not None:
        amount = i18n.money(locale, offer.amount_minor, offer.currency)
        details.append(i18n.text(locale, *MONEY_OFF, amount=amount))
    if offer.percent is not None:
        percent = i18n.percent(locale, offer.percent / 100)
        details.append(i18n.text(locale, *PER_CENT_OFF, percent=percent))
    if offer.minimum_minor is not None:
        minimum = i18n.money(locale, offer.minimum_minor, offer.currency)
        details.append(i18n.text(locale, *FROM, amount=minimum))
    return {
        "id": offer.reward_id,
        "name": offer.name,
        "description": offer.description,
        "details": details,
        "points": offer.points,
        "missing": missing(offer.points, balance),
        "sold_out": offer.sold_out,
    }


def code(locale: str, one: stored.Code, visitor: Visitor) -> Mapping[str, Any]:
    """A code with the address that puts it into the cart: of this shop, or of the one it is for."""
    state = "expired_returned" if one.state == "expired" and one.returned else one.state
    here = one.store_id == visitor.store_id
    root = visitor.root if here else ""
    return {
        "id": one.redemption_id,
        "name": one.name,
        "state": one.state,
        "said": i18n.text(locale, *STATES[state]),
        "code": one.code,
        "shop": None if here else one.shop_name,
        "href": f"{'' if here else 'https://' + one.shop_domain}/discount/{one.code}"
        f"?redirect={root}/cart",
        "until": one.expires_on,
        "note": i18n.text(locale, *STILL_GOOD) if one.state == "ready" and one.reason else None,
    }


def tags(visitor: Visitor) -> tuple[str, ...]:
    own = (points_tag(visitor.customer_id),) if visitor.customer_id else ()
    return (*own, rewards_tag(visitor.store_id))


WIDGET = Widget(load, N_("rewards_panel.schema.name", "Rewards"), tags)
