"""The pages of accounts: one module a page, gathered here."""

from webapp.core.contract import Page
from webapp.features.accounts.pages import (
    connections,
    deliveries,
    people,
    plan,
    received,
    service_keys,
    stores,
)

PAGES: tuple[Page, ...] = (
    connections.PAGE,
    deliveries.PAGE,
    received.PAGE,
    stores.PAGE,
    people.PAGE,
    service_keys.PAGE,
    plan.PAGE,
)
