"""Orders on the dashboard: totals and the state of imports, and what a store has of its past."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page, Panel
from webapp.core.i18n import N_
from webapp.features.orders import queries, service

SIMULATED = "simulated"
BEGUN = N_("history.begun", "The import has begun. The overview shows how far it is.")


def load(ctx: Context) -> Mapping[str, Any]:
    imports = queries.latest_imports(ctx)
    return {
        **asdict(queries.totals(ctx)),
        "imports": [{**asdict(i), "simulated": i.label == SIMULATED} for i in imports],
    }


def load_history(ctx: Context, form: Form) -> Mapping[str, Any]:
    shops = [
        {**asdict(store), "all": service.ALL_ORDERS in store.scopes}
        for store in queries.history(ctx)
    ]
    imports = queries.latest_imports(ctx)
    return {
        "shops": shops,
        "some_limited": any(not shop["all"] for shop in shops),
        "running": any(i.state in ("reading", "taking") for i in imports),
    }


def import_history(ctx: Context, form: Form) -> Done:
    service.ask_history(ctx, form.one("store"))
    return Done(i18n.text(ctx.locale, *BEGUN))


PANELS = (Panel("imports", 10, "admin:points", load, "imports_panel.html"),)
PAGES = (
    Page(
        path="history",
        title=N_("history.title", "Order history"),
        order=45,
        group="connections",
        permission="admin:settings",
        load=load_history,
        template="history.html",
        actions={"import": import_history},
    ),
)
