"""The points part of the dashboard's overview."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Metric, Panel
from webapp.core.i18n import N_
from webapp.features.points import queries
from webapp.features.points.pages.rule_words import POLICIES, terms
from webapp.features.points.queries.outlook import liabilities
from webapp.features.points.queries.rule_effects import shops
from webapp.features.points.queries.rules import rule_at
from webapp.features.points.service.receipt_words import rate_in_words

# What expires within so many days is worth knowing.
SOON = timedelta(days=30)
SHOPS_SHOWN = 5


def load(ctx: Context) -> Mapping[str, Any]:
    rule, known = rule_at(ctx, ctx.now), shops(ctx)
    return {
        **asdict(queries.totals(ctx)),
        **asdict(liabilities(ctx, ctx.now + SOON)),
        "rates": [
            (shop.name, rate_in_words(ctx.locale, rule.rate(shop.store_id), shop.currency))
            for shop in known[:SHOPS_SHOWN]
        ],
        "terms": terms(ctx.locale, rule),
        "policy": i18n.text(ctx.locale, *POLICIES[rule.return_policy]),
    }


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
