"""The Wallet page: what cards look like, in any language, and how they are used."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import AppError
from webapp.core.i18n import N_
from webapp.features.wallet import service
from webapp.features.wallet.messages import MOST_NAME, MOST_TERMS
from webapp.features.wallet.pages.design_form import (
    COLOURS,
    PICTURES,
    SHOWN,
    design_of,
    form_values,
    values_of,
    warnings,
)
from webapp.features.wallet.queries.cards import figures, first_store
from webapp.features.wallet.queries.designs import Designed, designed

SAVED = N_("wallet.saved", "Saved. Cards that are on phones already follow within minutes.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    kept = designed(ctx)
    entered = "background" in form.names()
    values = form_values(form) if entered else values_of(kept.design)
    found = figures(ctx, kept.version)
    return {
        "values": values,
        "colours": _labelled(ctx.locale, COLOURS),
        "shown": _labelled(ctx.locale, SHOWN),
        "pictures": pictures(ctx.locale, kept),
        "languages": languages(ctx.locale, values),
        "most_name": MOST_NAME,
        "most_terms": MOST_TERMS,
        "preview": preview(ctx, form, kept),
        "wallets": [
            {"name": name, "ready": service.can_export(ctx, kind)}
            for kind, name in service.WALLETS.items()
        ],
        "figures": found,
        "behind": found.cards - found.newest,
        "done": 100 * found.newest // found.cards if found.cards else 100,
    }


def preview(ctx: Context, form: Form, kept: Designed) -> Mapping[str, Any]:
    """The design that the form says, or the one that is kept where the form is refused."""
    design = kept.design
    if "background" in form.names():
        try:
            design = design_of(form)
        except AppError:
            design = kept.design
    locale = i18n.negotiate(form.one("preview_locale"), default=ctx.locale)
    store_id = ctx.store_id or first_store(ctx)
    token = service.seal_preview(ctx, store_id, locale, design) if store_id else None
    return {"locale": locale, "token": token, "warnings": warnings(ctx.locale, design)}


def pictures(locale: str, kept: Designed) -> list[Mapping[str, Any]]:
    """A field for each picture."""
    return [
        {
            "name": name,
            "label": i18n.text(locale, *label),
            "hint": i18n.text(locale, *hint),
            "there": kept.has_picture(name),
        }
        for name, (label, hint) in PICTURES.items()
    ]


def languages(locale: str, values: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """A field for the terms in each language, the person's own first."""
    tags = sorted(i18n.LOCALES, key=lambda tag: tag != locale)
    return [
        {
            "tag": tag,
            "language": i18n.native_name(tag),
            "dir": i18n.direction(tag),
            "value": str(values.get(f"terms-{tag}", "")),
        }
        for tag in tags
    ]


def save(ctx: Context, form: Form) -> Done:
    given: dict[str, bytes | None] = {}
    for name in PICTURES:
        upload = form.file(name)
        if upload:
            given[name] = upload
        elif form.one(f"remove-{name}") == "yes":
            given[name] = None
    service.save_design(ctx, design_of(form), given)
    return Done(i18n.text(ctx.locale, *SAVED))


def show(ctx: Context, form: Form) -> Done:
    """The page with the form as it is, and a preview of it. Raises AppError(invalid_value)."""
    design_of(form)
    return Done(show={"form": form, **load(ctx, form)})


def _labelled(locale: str, texts: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    return {name: i18n.text(locale, *label) for name, label in texts.items()}


PAGE = Page(
    path="wallet",
    title=N_("wallet.title", "Wallet cards"),
    order=62,
    group="programme",
    permission="admin:frontend",
    load=load,
    template="wallet.html",
    actions={"save": save, "preview": show},
)
