"""The Invitations page: what is given for friends, what came of it, and what waits for a person."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.fields import minor, plain, whole
from webapp.core.i18n import N_
from webapp.core.words import currency_exponent
from webapp.features.points import service
from webapp.features.points.messages.referrals import ReferralProgramme
from webapp.features.points.queries import referral_figures as figures
from webapp.features.points.queries.rules import rule_at

LABELS = {
    "advocate_points": N_("invitations.field.advocate_points", "Points for the member"),
    "friend_points": N_("invitations.field.friend_points", "Points for the friend"),
    "offer": N_("invitations.field.offer", "Discount for the friend"),
    "percentage": N_("invitations.field.percentage", "Percentage"),
    "amount": N_("invitations.field.amount", "Amount off"),
    "minimum": N_("invitations.field.minimum", "Minimum order"),
    "hold_days": N_("invitations.field.hold_days", "Days until the reward"),
    "monthly_cap": N_("invitations.field.monthly_cap", "Rewards a member and month at most"),
    "review_from": N_("invitations.field.review_from", "Look at claims from the number of a day"),
}
IN_CURRENCY = N_("invitations.field.in_currency", "%(field)s in %(currency)s")
OFFERS = {
    "percentage": N_("invitations.offer.percentage", "A percentage off"),
    "amount": N_("invitations.offer.amount", "An amount off"),
    "free_shipping": N_("invitations.offer.free_shipping", "Free shipping"),
    "none": N_("invitations.offer.none", "No discount"),
}
REASONS = {
    "unknown_code": N_("invitations.reason.unknown_code", "The code does not exist"),
    "off": N_("invitations.reason.off", "The programme was paused"),
    "self": N_("invitations.reason.self", "Members who invited themselves"),
    "existing_customer": N_("invitations.reason.existing_customer", "Had ordered before"),
    "already_claimed": N_("invitations.reason.already_claimed", "Had accepted before"),
    "too_many": N_("invitations.reason.too_many", "Too many tries on one day"),
    "below_minimum": N_("invitations.reason.below_minimum", "Order below the minimum"),
    "cancelled": N_("invitations.reason.cancelled", "Order cancelled"),
    "refunded": N_("invitations.reason.refunded", "Order given back"),
    "cap": N_("invitations.reason.cap", "Above the member's monthly number"),
    "review": N_("invitations.reason.review", "Refused by you"),
    "same_person": N_("invitations.reason.same_person", "Friend and member are one person"),
    "erased": N_("invitations.reason.erased", "The friend's data were erased"),
}
SAVED = N_("invitations.saved", "Saved. What was promised before stays as it was.")
STARTED = N_("invitations.started", "Invitations are running. Change what you like below.")
APPROVED = N_("invitations.approved", "Approved.")
REFUSED = N_("invitations.refused", "Refused.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    programme = service.read_referral_programme(ctx)
    return {
        "programme": programme,
        "begun": service.has_referral_programme(ctx),
        "labels": {name: i18n.text(ctx.locale, *said) for name, said in LABELS.items()},
        "offers": [(name, i18n.text(ctx.locale, *said)) for name, said in OFFERS.items()],
        "amounts": money_fields(ctx, "amount", programme.amounts),
        "minimums": money_fields(ctx, "minimum", programme.minimums),
        "rule_days": rule_at(ctx, ctx.now).hold_days,
        "funnel": figures.funnel(ctx),
        "refusals": [(worded(ctx, reason), number) for reason, number in figures.refusals(ctx)],
        "waiting": figures.waiting(ctx),
        "links": figures.links(ctx),
    }


def money_fields(ctx: Context, name: str, minors: Mapping[str, int]) -> list[Mapping[str, str]]:
    """A field for each currency of the merchant's stores."""
    label = i18n.text(ctx.locale, *LABELS[name])
    return [
        {
            "name": f"{name}-{currency}",
            "label": i18n.text(ctx.locale, *IN_CURRENCY, field=label, currency=currency),
            "value": plain(minors[currency], currency_exponent(currency))
            if minors.get(currency)
            else "",
        }
        for currency in figures.currencies(ctx)
    ]


def worded(ctx: Context, reason: str) -> str:
    said = REASONS.get(reason)
    return i18n.text(ctx.locale, *said) if said else reason


def save(ctx: Context, form: Form) -> Done:
    """Give what the form says from now on."""
    programme = ReferralProgramme(
        enabled=form.one("enabled") == "yes",
        advocate_points=whole(ctx, form, "advocate_points", LABELS["advocate_points"]),
        friend_points=whole(ctx, form, "friend_points", LABELS["friend_points"]),
        offer=form.one("offer"),
        percentage=optional(ctx, form, "percentage"),
        amounts=entered(ctx, form, "amount"),
        minimums=entered(ctx, form, "minimum"),
        hold_days=optional(ctx, form, "hold_days"),
        monthly_cap=optional(ctx, form, "monthly_cap"),
        review_from=whole(ctx, form, "review_from", LABELS["review_from"]),
    )
    service.save_referral_programme(ctx, programme)
    return Done(i18n.text(ctx.locale, *SAVED))


def optional(ctx: Context, form: Form, name: str) -> int | None:
    """A whole number, or None for an empty field. Raises AppError(invalid_value)."""
    return whole(ctx, form, name, LABELS[name]) if form.one(name) else None


def entered(ctx: Context, form: Form, name: str) -> dict[str, int]:
    """Currency -> minor units of the fields that say something. Raises AppError(invalid_value)."""
    return {
        currency: minor(ctx, form, f"{name}-{currency}", LABELS[name], currency_exponent(currency))
        for currency in figures.currencies(ctx)
        if form.one(f"{name}-{currency}")
    }


def start(ctx: Context, form: Form) -> Done:
    service.start_referral_programme(ctx)
    return Done(i18n.text(ctx.locale, *STARTED))


def approve(ctx: Context, form: Form) -> Done:
    service.review_claim(ctx, form.one("claim"), approved=True)
    return Done(i18n.text(ctx.locale, *APPROVED))


def refuse(ctx: Context, form: Form) -> Done:
    service.review_claim(ctx, form.one("claim"), approved=False)
    return Done(i18n.text(ctx.locale, *REFUSED))


PAGE = Page(
    path="invitations",
    title=N_("invitations.title", "Invitations"),
    order=26,
    group="programme",
    permission="admin:points",
    load=load,
    template="invitations.html",
    actions={"save": save, "start": start, "approve": approve, "refuse": refuse},
)
