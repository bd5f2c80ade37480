"""The Tiers page: what each tier asks and gives, how tiers are lost, and who is in them."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.fields import decimal, minor, plain, whole
from webapp.core.i18n import N_
from webapp.features.points.domain.tiers import Policy
from webapp.features.points.messages.tiers import NewTier, TierTerms
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.service import tier_starter, tier_terms

PATH = "tiers"
LABELS = {
    "basis": N_("tiers.field.basis", "What counts"),
    "window": N_("tiers.field.window", "Over which time"),
    "days": N_("tiers.field.days", "Number of days"),
    "downgrade": N_("tiers.field.downgrade", "When too little counts"),
    "grace_days": N_("tiers.field.grace", "Days of grace"),
    "threshold": N_("tiers.field.threshold", "Starts at"),
    "multiplier": N_("tiers.field.multiplier", "Points multiplied by"),
    "names": N_("tiers.field.name", "Name"),
}
BASES = {
    "spend": N_("tiers.basis.spend", "Money spent, less refunds, in %(currency)s"),
    "points": N_("tiers.basis.points", "Points earned, less those of refunds"),
    "orders": N_("tiers.basis.orders", "Number of orders that were not given back"),
}
WINDOWS = {
    "rolling": N_("tiers.window.rolling", "The last days, as many as are set below"),
    "year": N_("tiers.window.year", "The calendar year"),
    "lifetime": N_("tiers.window.lifetime", "For ever"),
}
DOWNGRADES = {
    "never": N_("tiers.downgrade.never", "Nobody ever loses a tier."),
    "at_once": N_(
        "tiers.downgrade.at_once",
        "The tier ends at once, or after the days of grace. A calendar year begins with no tier.",
    ),
    "period_end": N_(
        "tiers.downgrade.period_end",
        "The tier is kept to the end of its period, and for the days of grace. A calendar year in "
        "which it was reached keeps it through the next year.",
    ),
}
SAVED = N_("tiers.saved", "Saved. Members move to their tiers within minutes; none gets a message.")
REMOVED = N_("tiers.removed", "The tier was removed.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    steps, policy = stored.tiers(ctx), stored.policy(ctx)
    exponent = program(ctx).exponent if policy.basis == "spend" else 0
    sizes = stored.sizes(ctx)
    return {
        "tiers": [
            {
                "tier_id": tier.tier_id,
                "name": tier.name(ctx.locale),
                "names": languages(tier.names, tier.default_locale),
                "threshold": plain(tier.threshold, exponent),
                "multiplier": plain(tier.multiplier),
                "members": sizes.get(tier.tier_id, 0),
            }
            for tier in steps
        ],
        "policy": policy,
        "choices": choices(ctx),
        "unit": dict(choices(ctx)["basis"])[policy.basis],
        "labels": {name: i18n.text(ctx.locale, *label) for name, label in LABELS.items()},
        "new_names": languages({}, ctx.locale),
        "full": len(steps) >= tier_terms.MOST_TIERS,
        "spread": None,
    }


def choices(ctx: Context) -> Mapping[str, list[tuple[str, str]]]:
    """Field -> (value, what it means) of each of its values."""
    currency = program(ctx).currency
    named = {"basis": BASES, "window": WINDOWS, "downgrade": DOWNGRADES}
    return {
        field: [(v, i18n.text(ctx.locale, *said, currency=currency)) for v, said in values.items()]
        for field, values in named.items()
    }


def languages(names: Mapping[str, str], default: str) -> list[Mapping[str, Any]]:
    """A field for each language, the default one first."""
    tags = sorted(i18n.LOCALES, key=lambda tag: tag != default)
    return [
        {
            "tag": tag,
            "language": i18n.native_name(tag),
            "dir": i18n.direction(tag),
            "value": names.get(tag, ""),
            "required": tag == default,
        }
        for tag in tags
    ]


def terms(ctx: Context, form: Form) -> tuple[Policy, list[TierTerms]]:
    """What the form says. Raises AppError(invalid_value)."""
    policy = Policy(
        basis=form.one("basis"),
        window=form.one("window"),
        days=whole(ctx, form, "days", LABELS["days"]),
        downgrade=form.one("downgrade"),
        grace_days=whole(ctx, form, "grace_days", LABELS["grace_days"]),
    )
    said = [
        TierTerms(
            tier.tier_id,
            threshold(ctx, form, f"threshold-{tier.tier_id}", policy.basis),
            decimal(ctx, form, f"multiplier-{tier.tier_id}", LABELS["multiplier"]),
        )
        for tier in stored.tiers(ctx)
    ]
    return policy, said


def threshold(ctx: Context, form: Form, name: str, basis: str) -> int:
    exponent = program(ctx).exponent if basis == "spend" else 0
    return minor(ctx, form, name, LABELS["threshold"], exponent)


def labelled(ctx: Context, error: AppError) -> AppError:
    """The same refusal, with the field called as on the page."""
    label = LABELS.get(error.values.get("field", ""))
    if error.kind not in (INVALID_VALUE, FIELD_REQUIRED) or label is None:
        return error
    return AppError(error.kind, **{**error.values, "field": i18n.text(ctx.locale, *label)})


def save(ctx: Context, form: Form) -> Done:
    policy, said = terms(ctx, form)
    try:
        tier_terms.save_policy(ctx, policy, said)
    except AppError as error:
        raise labelled(ctx, error) from None
    return Done(i18n.text(ctx.locale, *SAVED))


def preview(ctx: Context, form: Form) -> Done:
    """How many members what the form says would put into each tier today."""
    policy, said = terms(ctx, form)
    try:
        tier_terms.check_policy(policy, said)
    except AppError as error:
        raise labelled(ctx, error) from None
    names, sizes = stored.names(ctx, ctx.locale), stored.sizes(ctx)
    found = stored.spread(ctx, policy, {term.tier_id: term.threshold for term in said})
    rows = [
        {
            "name": names[term.tier_id],
            "now": sizes.get(term.tier_id, 0),
            "then": found[term.tier_id],
        }
        for term in sorted(said, key=lambda term: term.threshold)
    ]
    without = {"now": stored.members(ctx) - sum(sizes.values()), "then": found[None]}
    return Done(show={"spread": {"tiers": rows, "without": without}, "form": form})


def names_of(form: Form) -> dict[str, str]:
    return {tag: form.one(f"name-{tag}") for tag in i18n.LOCALES}


def create(ctx: Context, form: Form) -> Done:
    new = NewTier(
        names_of(form),
        ctx.locale,
        threshold(ctx, form, "threshold", stored.policy(ctx).basis),
        decimal(ctx, form, "multiplier", LABELS["multiplier"]),
    )
    try:
        tier_terms.create_tiers(ctx, [new])
    except AppError as error:
        raise labelled(ctx, error) from None
    return Done(i18n.text(ctx.locale, *SAVED))


def rename(ctx: Context, form: Form) -> Done:
    try:
        tier_terms.rename_tier(ctx, form.one("tier_id"), names_of(form))
    except AppError as error:
        raise labelled(ctx, error) from None
    return Done(i18n.text(ctx.locale, *SAVED))


def remove(ctx: Context, form: Form) -> Done:
    tier_terms.remove_tier(ctx, form.one("tier_id"))
    return Done(i18n.text(ctx.locale, *REMOVED))


def starter(ctx: Context, form: Form) -> Done:
    tier_starter.create_starter_set(ctx, ctx.locale)
    return Done(i18n.text(ctx.locale, *SAVED))


PAGE = Page(
    path=PATH,
    title=N_("tiers.title", "Tiers"),
    order=24,
    group="programme",
    permission="admin:points",
    load=load,
    template="tiers.html",
    actions={
        "save": save,
        "preview": preview,
        "create": create,
        "rename": rename,
        "remove": remove,
        "starter": starter,
    },
)
