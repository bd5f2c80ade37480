"""The pages of accounts: one module a page, gathered here."""

from webapp.core.contract import Page

PAGES: tuple[Page, ...] = ()
