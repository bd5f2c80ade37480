"""The points part of the dashboard's overview."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Panel
from webapp.core.i18n import N_
from webapp.features.points import queries

RULE = N_("points_panel.rule", "One point for each whole currency unit of an order")


def load(ctx: Context) -> Mapping[str, Any]:
    return {**asdict(queries.totals(ctx)), "rule": i18n.text(ctx.locale, *RULE)}


PANELS = (Panel("points", 20, "admin:points", load, "points_panel.html"),)
