"""Points on the dashboard: one module a page, gathered here."""

from webapp.core.contract import Page
from webapp.features.points.pages import members, overview, rewards, rules, sharing, tiers
from webapp.features.points.pages.overview import METRICS, PANELS

PAGES: tuple[Page, ...] = (
    members.PAGE,
    rewards.PAGE,
    sharing.PAGE,
    rules.PAGE,
    tiers.PAGE,
)

__all__ = ["METRICS", "PAGES", "PANELS", "overview"]
