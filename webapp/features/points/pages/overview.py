"""The points part of the dashboard's overview."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Metric, Panel
from webapp.core.i18n import N_
from webapp.features.points import queries

RULE = N_("points_panel.rule", "One point for each whole currency unit of an order")


def load(ctx: Context) -> Mapping[str, Any]:
    return {**asdict(queries.totals(ctx)), "rule": i18n.text(ctx.locale, *RULE)}


PANELS = (Panel("points", 20, "admin:points", load, "points_panel.html"),)
METRICS = {
    "adoption": Metric(
        N_("success.points.adoption.numerator", "Members known in two or more stores"),
        N_("success.points.adoption.denominator", "Members of all stores"),
        N_("success.period.today", "Today"),
        queries.multi_store_adoption,
    ),
    "sync_accuracy": Metric(
        N_("success.points.sync.numerator", "Balances shown correctly"),
        N_("success.points.sync.denominator", "Balances to be shown"),
        N_("success.period.now", "Right now"),
        queries.sync_accuracy,
    ),
}
