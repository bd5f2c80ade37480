"""The Widgets page: what a widget looks like and says, where it stands in the stores' themes, and
every change that was made, which can be taken back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import AppError
from webapp.core.fields import refused, whole
from webapp.core.i18n import N_
from webapp.features.theme import service
from webapp.features.theme.domain.placements import TEMPLATES, placement_of
from webapp.features.theme.messages import MOST_HEADING, WidgetConfig
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
DAYS = N_("theme.test.days", "Within how many days of first seeing it")
CHANGE = N_("theme.change", "Change")
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
        "themes": store_rows(ctx, chosen, kept),
        "history": history(ctx),
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


def store_rows(ctx: Context, widget: str, kept: WidgetConfig) -> list[Mapping[str, Any]]:
    """Each store, where its theme has the widget, and the query that opens its theme editor."""
    newest = revision(ctx)
    return [
        {
            "state": state,
            "told": state.revision == newest,
            "places": [place(ctx, block) for block in state.blocks if block["widget"] == widget],
            "editor": editor_query(state.api_key, widget, kept),
        }
        for state in states(ctx)
    ]


def place(ctx: Context, block: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where a block stands, and whether it is shown there; an app embed stands on no page."""
    embed = block["template"] == "embed"
    page = "" if embed else i18n.text(ctx.locale, *PLACES[placement_of(block["template"])])
    return {"name": page, "shown": block["shown"]}


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
    days = whole(ctx, form, "window_days", DAYS)
    if not 1 <= days <= service.MOST_DAYS:
        raise refused(ctx, DAYS, str(days))
    service.start_test(ctx, configuration(form), form.one("goal"), days)
    return Done(i18n.text(ctx.locale, *STARTED), "experiments")


def look(ctx: Context, form: Form) -> Done:
    service.publish(ctx)
    service.look(ctx)
    return Done(i18n.text(ctx.locale, *LOOKING), back(form))


def undo(ctx: Context, form: Form) -> Done:
    service.undo(ctx, whole(ctx, form, "revision", CHANGE))
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
