"""The Stores page: which shops there are, whether they are connected, and what each allows us."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Form, Page
from webapp.core.i18n import N_
from webapp.features.accounts.domain.scopes import OPTIONAL, REQUIRED, missing_scopes
from webapp.features.accounts.queries.installation import StoreLine, store_lines

STATES = {
    "ready": ("good", N_("stores.state.ready", "Connected")),
    "beginning": ("busy", N_("stores.state.beginning", "Being set up")),
    "limited": ("busy", N_("stores.state.limited", "Rights are missing")),
    "gone": ("plain", N_("stores.state.gone", "Uninstalled")),
    "unconnected": ("bad", N_("stores.state.unconnected", "Not connected")),
}
# What a right lets us do; Shopify's own names of the rights are not translated.
ENABLES = {
    "read_orders": N_("stores.scope.read_orders", "Give points for orders."),
    "write_customers": N_("stores.scope.write_customers", "Show each customer their points."),
    "write_app_proxy": N_(
        "stores.scope.write_app_proxy", "Show the history of points in the shop."
    ),
    "write_discounts": N_("stores.scope.write_discounts", "Make the codes of rewards."),
    "read_products": N_("stores.scope.read_products", "Give away a product as a reward."),
    "read_themes": N_("stores.scope.read_themes", "See which widgets your theme has."),
    "read_all_orders": N_(
        "stores.scope.read_all_orders", "Import orders that are older than 60 days."
    ),
}


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    return {"lines": [shown(ctx.locale, line) for line in store_lines(ctx)]}


def shown(locale: str, line: StoreLine) -> dict[str, Any]:
    kind, label = STATES[state(line)]
    missing = missing_scopes(line.scopes) if line.connected else ()
    optional = missing_scopes(line.scopes, OPTIONAL) if line.connected else ()
    return {
        "line": line,
        "kind": kind,
        "state": i18n.text(locale, *label),
        "missing": [(scope, i18n.text(locale, *ENABLES[scope])) for scope in missing],
        "optional": [(scope, i18n.text(locale, *ENABLES[scope])) for scope in optional],
        "granted": [
            (scope, i18n.text(locale, *ENABLES[scope]))
            for scope in (*REQUIRED, *OPTIONAL)
            if line.connected and scope not in (*missing, *optional)
        ],
    }


def state(line: StoreLine) -> str:
    """Which of STATES a store is in."""
    if line.uninstalled_at is not None:
        return "gone"
    if not line.connected:
        return "unconnected"
    if missing_scopes(line.scopes):
        return "limited"
    return "ready" if line.known else "beginning"


PAGE = Page(
    path="stores",
    title=N_("stores.title", "Stores"),
    order=80,
    group="account",
    permission="admin:settings",
    load=load,
    template="stores.html",
)
