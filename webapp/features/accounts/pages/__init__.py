"""The pages of accounts: one module a page, gathered here."""

from webapp.core.contract import Page
from webapp.features.accounts.pages import connections, deliveries

PAGES: tuple[Page, ...] = (connections.PAGE, deliveries.PAGE)
