"""Points on the dashboard: one module a page, gathered here."""

from webapp.core.contract import Page
from webapp.features.points.pages import (
    invitations,
    leaderboard,
    members,
    overview,
    rewards,
    rules,
    sharing,
    sync,
    tiers,
)
from webapp.features.points.pages.overview import METRICS, PANELS

PAGES: tuple[Page, ...] = (
    leaderboard.PAGE,
    members.PAGE,
    rewards.PAGE,
    sharing.PAGE,
    rules.PAGE,
    sync.PAGE,
    tiers.PAGE,
    invitations.PAGE,
)

__all__ = ["METRICS", "PAGES", "PANELS", "overview"]
