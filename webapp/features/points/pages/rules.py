"""The Earning rules page: what is in force, what was, and what comes next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.fields import decimal, plain, refused, whole
from webapp.core.i18n import N_
from webapp.features.points.domain.earning import Rule
from webapp.features.points.messages.rules import NewRules
from webapp.features.points.pages.rule_words import (
    BIRTHDAY,
    EXPIRY,
    HOLD,
    IMPORTS,
    POLICIES,
    SIGNUP,
    history,
    rate_label,
    summary,
)
from webapp.features.points.queries.program import program
from webapp.features.points.queries.rule_effects import effects, shops
from webapp.features.points.queries.rules import rule_at, rules
from webapp.features.points.service.program import save_program
from webapp.features.points.service.rules import change_rules, check_rules

LABELS = {
    "hold_days": HOLD,
    "return_policy": N_("rules.field.policy", "When something is given back"),
    "expiry_days": EXPIRY,
    "imports_expire_from": N_("rules.field.imports", "Points of imported orders expire"),
    "signup_points": SIGNUP,
    "birthday_points": BIRTHDAY,
    "valid_from": N_("rules.field.valid_from", "In force from"),
    "rates": N_("rules.field.rates", "Points"),
    "timezone": N_("rules.field.timezone", "Time zone"),
    "currency": N_("rules.field.currency", "Currency"),
}
SAVED = N_("rules.saved", "Saved as version %(version)s. Points that were earned stay as they are.")
UNCHANGED = N_("rules.unchanged", "These rules are in force already: version %(version)s.")
PROGRAM_SAVED = N_("rules.program_saved", "Saved.")
HISTORY_SHOWN = 20


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    known, versions, current = shops(ctx), rules(ctx), rule_at(ctx, ctx.now)
    where = program(ctx)
    return {
        "current": current,
        "summary": summary(ctx, current, known),
        "policy_in_words": i18n.text(ctx.locale, *POLICIES[current.return_policy]),
        "rates": [
            {
                "name": f"rate-{shop.store_id}",
                "label": rate_label(ctx.locale, shop),
                "value": plain(current.rate(shop.store_id)),
            }
            for shop in known
        ],
        "labels": {name: i18n.text(ctx.locale, *label) for name, label in LABELS.items()},
        "choices": choices(ctx.locale),
        "begins": current.valid_from and current.valid_from.astimezone(where.zone),
        "versions": [
            line | {"summary": summary(ctx, line["rule"], known)}
            for line in history(versions, ctx.now, where.zone)[:HISTORY_SHOWN]
        ],
        "zone": where.zone.key,
        "currency": where.currency,
        "currencies": [(code, code) for code in sorted({shop.currency for shop in known})],
        "effects": None,
    }


def choices(locale: str) -> Mapping[str, list[tuple[str, str]]]:
    """Field -> (value, what it means) of each of its values."""
    named = {"return_policy": POLICIES, "imports_expire_from": IMPORTS}
    return {
        field: [(value, i18n.text(locale, *said)) for value, said in values.items()]
        for field, values in named.items()
    }


def said(ctx: Context, form: Form) -> NewRules:
    """What the form says. Raises AppError(invalid_value)."""
    return NewRules(
        hold_days=whole(ctx, form, "hold_days", HOLD),
        return_policy=form.one("return_policy"),
        expiry_days=whole(ctx, form, "expiry_days", EXPIRY) if form.one("expiry_days") else None,
        imports_expire_from=form.one("imports_expire_from"),
        signup_points=whole(ctx, form, "signup_points", SIGNUP),
        birthday_points=whole(ctx, form, "birthday_points", BIRTHDAY),
        rates={
            shop.store_id: decimal(
                ctx, form, f"rate-{shop.store_id}", (rate_label(ctx.locale, shop),) * 2
            )
            for shop in shops(ctx)
        },
        valid_from=moment(ctx, form),
    )


def moment(ctx: Context, form: Form) -> datetime | None:
    """The chosen moment in the programme's zone; None for now. Raises AppError(invalid_value)."""
    text = form.one("valid_from")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refused(ctx, LABELS["valid_from"], text) from None
    if found.tzinfo is not None:
        raise refused(ctx, LABELS["valid_from"], text)
    return found.replace(tzinfo=program(ctx).zone)


def labelled(ctx: Context, error: AppError) -> AppError:
    """The same refusal, with the field called as on the page."""
    label = LABELS.get(error.values.get("field", ""))
    if error.kind is not INVALID_VALUE or label is None:
        return error
    return AppError(error.kind, **{**error.values, "field": i18n.text(ctx.locale, *label)})


def save(ctx: Context, form: Form) -> Done:
    new, before = said(ctx, form), rules(ctx)[-1].version
    try:
        version = change_rules(ctx, new)
    except AppError as error:
        raise labelled(ctx, error) from None
    text = UNCHANGED if version <= before else SAVED
    return Done(i18n.text(ctx.locale, *text, version=i18n.number(ctx.locale, version)))


def preview(ctx: Context, form: Form) -> Done:
    """What the form would have given for the orders of the last days."""
    new = said(ctx, form)
    try:
        rates = check_rules(ctx, new)
    except AppError as error:
        raise labelled(ctx, error) from None
    rule: Rule = rule_at(ctx, ctx.now)
    found = effects(ctx, rule.rates, rates)
    sums = {
        "orders": sum(effect.orders for effect in found),
        "before": sum(effect.before for effect in found),
        "after": sum(effect.after for effect in found),
    }
    return Done(show={"effects": {"lines": found, "sum": sums}, "form": form})


def save_settings(ctx: Context, form: Form) -> Done:
    try:
        save_program(ctx, form.one("timezone"), form.one("currency"))
    except AppError as error:
        raise labelled(ctx, error) from None
    return Done(i18n.text(ctx.locale, *PROGRAM_SAVED))


PAGE = Page(
    path="rules",
    title=N_("rules.title", "Earning rules"),
    order=22,
    group="programme",
    permission="admin:points",
    load=load,
    template="rules.html",
    actions={"save": save, "preview": preview, "program": save_settings},
)
