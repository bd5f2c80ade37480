"""One part of an overview, rendered from the feature's own template."""

from flask import render_template
from markupsafe import Markup

from webapp.core.context import Context
from webapp.core.contract import Panel


def panel_html(ctx: Context, feature: str, panel: Panel) -> Markup:
    """A feature's panel for whoever the unit of work belongs to."""
    template = f"{feature}/templates/{panel.template}"
    return Markup(render_template(template, **panel.load(ctx), name=panel.name))  # noqa: S704 - our own template, escaped by Jinja
