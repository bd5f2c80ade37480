"""The dashboard's pages of widgets, gathered here, and the success metric."""

from webapp.core.context import Context
from webapp.core.contract import Measured, Metric
from webapp.core.i18n import N_
from webapp.features.theme.pages import experiments, widgets
from webapp.features.theme.queries.configuration import showing_stores


def adoption(ctx: Context) -> Measured:
    showing, stores = showing_stores(ctx)
    return Measured(showing, stores)


PAGES = (widgets.PAGE, experiments.PAGE)
METRICS = {
    "adoption": Metric(
        N_("success.theme.adoption.showing", "Stores that showed a widget"),
        N_("success.theme.adoption.stores", "Your stores"),
        N_("success.theme.adoption.period", "The last 30 days"),
        adoption,
    )
}
