"""Pages and panels of orders, one file a subject, gathered here."""

from webapp.features.orders.pages import history, privacy
from webapp.features.orders.pages.history import SIMULATED

__all__ = ["PAGES", "PANELS", "SIMULATED"]

PANELS = history.PANELS
PAGES = (*history.PAGES, privacy.PAGE)
