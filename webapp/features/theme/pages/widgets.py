"""The Widgets page: what a widget looks like and says, where it stands in the stores' themes, and
every change that was made, which can be taken back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.features.theme import service
from webapp.features.theme.domain.placements import TEMPLATES, placement_of
from webapp.features.theme.messages import MOST_HEADING, StoreState, WidgetConfig
from webapp.features.theme.pages.widget_form import (
    COLOURS,
    GOALS,
    LABELS,
    PLACES,
    choices,
    configuration,
    values_of,
)
from webapp.features.theme.queries.configuration import configured, history, revision, states
from webapp.features.theme.queries.experiments import running

PATH = "widgets"
SAVED = N_("theme.saved", "Saved. Your stores show it within seconds.")
UNDONE = N_("theme.undone", "Taken back. Your stores show it within seconds.")
STARTED = N_("theme.test.started", "The A/B test has begun. Your stores show it within seconds.")
LOOKING = N_("theme.looking", "Your themes are being looked at. This takes a few seconds.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    widgets = names(ctx.locale)
    chosen = form.one("widget") if form.one("widget") in widgets else next(iter(widgets))
    kept = configured(ctx).get(chosen, WidgetConfig(chosen))
    values = form_values(form) if "placement" in form.names() else values_of(kept)
    return {
        "widgets": widgets,
        "widget": chosen,
        "values": values,
        "labels": {name: i18n.text(ctx.locale, *label) for name, label in LABELS.items()},
        "colours": COLOURS,
        "choices": choices(ctx.locale, chosen),
        "languages": languages(ctx.locale, values),
        "most": MOST_HEADING,
        "preview": preview(ctx, form, kept),
        "themes": [store_row(ctx, state, chosen, kept) for state in states(ctx)],
        "history": history(ctx),
        "revision": revision(ctx),
        "testing": running(ctx, chosen) is not None,
        "goals": [(goal, i18n.text(ctx.locale, *said)) for goal, said in GOALS.items()],
    }


def names(locale: str) -> Mapping[str, str]:
    """Widget -> what people call it; those that stand in a theme come first."""
    found = sorted(discovery.widgets(), key=lambda name: (not service.in_themes(name), name))
    titles = {name: discovery.widgets()[name][1].title for name in found}
    return {name: i18n.text(locale, *title) for name, title in titles.items()}


def form_values(form: Form) -> Mapping[str, str]:
    return {name: form.one(name) for name in form.names()}


def languages(locale: str, values: Mapping[str, str]) -> list[Mapping[str, str]]:
    """A field for the heading in each language, the person's own first."""
    tags = sorted(i18n.LOCALES, key=lambda tag: tag != locale)
    return [
        {
            "tag": tag,
            "language": i18n.native_name(tag),
            "dir": i18n.direction(tag),
            "value": values.get(f"heading-{tag}", ""),
        }
        for tag in tags
    ]


def preview(ctx: Context, form: Form, kept: WidgetConfig) -> Mapping[str, Any]:
    """What the preview shows: the form as it is, or what is kept where the form is refused."""
    try:
        shown = configuration(form) if "placement" in form.names() else kept
    except AppError:
        shown = kept
    locale = i18n.negotiate(form.one("preview_locale"), default=ctx.locale)
    signed_in = form.one("preview_guest") != "yes"
    return {
        "locale": locale,
        "guest": not signed_in,
        "token": service.seal_preview(ctx, locale, shown, signed_in=signed_in),
        "shown": service.in_themes(kept.widget),
        "warnings": service.warnings(ctx.locale, shown),
    }


def store_row(
    ctx: Context, state: StoreState, widget: str, kept: WidgetConfig
) -> Mapping[str, Any]:
    """A store, where its theme has the widget, and the address that opens its theme editor."""
    own = [block for block in state.blocks if block["widget"] == widget]
    return {
        "state": state,
        "told": state.revision == revision(ctx),
        "places": [
            {
                "name": i18n.text(ctx.locale, *PLACES[placement_of(block["template"])])
                if block["template"] != "embed"
                else "",
                "template": block["template"],
                "shown": block["shown"],
            }
            for block in own
        ],
        "editor": editor_query(state.api_key, widget, kept),
    }


def editor_query(api_key: str, widget: str, kept: WidgetConfig) -> str:
    """The query that makes Shopify's theme editor add the block, or switch the embed on. Source:
    shopify.dev, "Theme app extensions", deep links."""
    template = TEMPLATES.get(kept.placement, "product")
    block = f"{api_key}/{widget}"
    if service.is_embed(widget):
        return urlencode({"context": "apps", "template": template, "activateAppId": block})
    target = "mainSection" if template in ("product", "customers/account") else "newAppsSection"
    return urlencode({"template": template, "addAppBlockId": block, "target": target})


def save(ctx: Context, form: Form) -> Done:
    service.save_widget(ctx, configuration(form))
    return Done(i18n.text(ctx.locale, *SAVED), back(form))


def start(ctx: Context, form: Form) -> Done:
    """Try what the form says against what is saved. Raises AppError: invalid_value, test_running,
    nothing_to_test."""
    days = form.one("window_days")
    if not days.isdecimal() or len(days) > 3:
        raise AppError(INVALID_VALUE, field="window_days", value="-")
    service.start_test(ctx, configuration(form), form.one("goal"), int(days))
    return Done(i18n.text(ctx.locale, *STARTED), "experiments")


def look(ctx: Context, form: Form) -> Done:
    service.publish(ctx)
    service.look(ctx)
    return Done(i18n.text(ctx.locale, *LOOKING), back(form))


def undo(ctx: Context, form: Form) -> Done:
    number = form.one("revision")
    if not number.isdecimal() or len(number) > 9:
        raise AppError(INVALID_VALUE, field="revision", value="-")
    service.undo(ctx, int(number))
    return Done(i18n.text(ctx.locale, *UNDONE), back(form))


def show(ctx: Context, form: Form) -> Done:
    """The page with the form as it is, and a preview of it. Raises AppError(invalid_value)."""
    configuration(form)
    return Done(show={"form": form, **load(ctx, form)})


def back(form: Form) -> str:
    widget = form.one("widget")
    return f"{PATH}?{urlencode({'widget': widget})}" if widget in discovery.widgets() else PATH


PAGE = Page(
    path=PATH,
    title=N_("theme.title", "Widgets"),
    order=60,
    group="programme",
    permission="admin:frontend",
    load=load,
    template="widgets.html",
    actions={"save": save, "preview": show, "start": start, "look": look, "undo": undo},
)
