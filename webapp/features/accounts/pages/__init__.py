"""The pages of accounts: one module a page, gathered here."""

from webapp.core.contract import Page
from webapp.features.accounts.pages import deliveries

PAGES: tuple[Page, ...] = (deliveries.PAGE,)
