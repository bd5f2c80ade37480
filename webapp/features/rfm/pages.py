"""The segments part of the dashboard's overview."""

from collections.abc import Mapping
from typing import Any

from webapp.core import deliveries, i18n
from webapp.core.context import Context
from webapp.core.contract import Panel
from webapp.core.i18n import N_
from webapp.features.rfm import queries
from webapp.features.rfm.domain.scoring import SEGMENTS
from webapp.features.rfm.messages import ShopSegments

LABELS = {
    "Champions": N_("segment.champions", "Champions"),
    "Loyal": N_("segment.loyal", "Loyal"),
    "At-Risk": N_("segment.at_risk", "At-Risk"),
    "New": N_("segment.new", "New"),
    "Inactive": N_("segment.inactive", "Inactive"),
}
# Fill and border; every fill has a contrast of at least 3:1 on white (WCAG 1.4.11).
COLOURS = {
    "Champions": ("#388E3C", "#1B5E20"),
    "Loyal": ("#1976D2", "#0D47A1"),
    "At-Risk": ("#C26A00", "#8A4F00"),
    "New": ("#7B1FA2", "#4A148C"),
    "Inactive": ("#D32F2F", "#8E1B1B"),
}
HANDLER = "rfm.absorb_and_score"


def load(ctx: Context) -> Mapping[str, Any]:
    return {
        "shops": [show(ctx.locale, shop) for shop in queries.shops(ctx)],
        "pending": deliveries.pending(ctx.db, ctx.merchant_id, [HANDLER]),
    }


def show(locale: str, shop: ShopSegments) -> dict[str, Any]:
    """One shop's segments as the template wants them."""
    segments = [
        {
            "name": name,
            "label": i18n.text(locale, *LABELS[name]),
            "count": shop.segments.get(name, 0),
            "share": shop.segments.get(name, 0) / shop.customers if shop.customers else 0.0,
            "colour": COLOURS[name][0],
            "border": COLOURS[name][1],
        }
        for name in SEGMENTS
    ]
    return {
        "shop_domain": shop.shop_domain,
        "customers": shop.customers,
        "computed_at": shop.computed_at,
        "segments": segments,
        "chart": chart(locale, segments),
        "cuts": {
            "recency": shop.recency,
            "frequency": shop.frequency,
            "monetary": shop.monetary,
            "currency": shop.currency,
        },
    }


def chart(locale: str, segments: list[dict[str, Any]]) -> dict[str, Any]:
    """The specification's Chart.js configuration of the segment distribution."""
    count = i18n.text(locale, "rfm.chart.count", "Customer Count")
    title = i18n.text(locale, "rfm.chart.title", "RFM Segment Distribution")
    segment = i18n.text(locale, "rfm.chart.segment", "RFM Segment")
    return {
        "type": "bar",
        "data": {
            "labels": [s["label"] for s in segments],
            "datasets": [
                {
                    "label": count,
                    "data": [s["count"] for s in segments],
                    "backgroundColor": [s["colour"] for s in segments],
                    "borderColor": [s["border"] for s in segments],
                    "borderWidth": 1,
                }
            ],
        },
        "options": {
            "scales": {
                "y": {"beginAtZero": True, "title": {"display": True, "text": count}},
                "x": {"title": {"display": True, "text": segment}},
            },
            "plugins": {
                "legend": {"display": False},
                "title": {"display": True, "text": title},
            },
        },
    }


PANELS = (Panel("segments", 30, "admin:analytics", load, "segments_panel.html"),)
