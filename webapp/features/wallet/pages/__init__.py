"""The dashboard's page of cards, and the success metrics."""

from webapp.core.context import Context
from webapp.core.contract import Measured, Metric
from webapp.core.i18n import N_
from webapp.features.wallet.pages import wallet
from webapp.features.wallet.queries.cards import figures


def adoption(ctx: Context) -> Measured:
    found = figures(ctx, 0)
    return Measured(found.holders, found.members)


def export_success(ctx: Context) -> Measured:
    found = figures(ctx, 0)
    return Measured(found.exports, found.exports + found.failures)


PAGES = (wallet.PAGE,)
METRICS = {
    "adoption": Metric(
        N_("success.wallet.adoption.holders", "Members with a card in a wallet"),
        N_("success.wallet.adoption.members", "Your members"),
        N_("success.wallet.now", "Today"),
        adoption,
    ),
    "export_success": Metric(
        N_("success.wallet.exports.done", "Exports of a card that succeeded"),
        N_("success.wallet.exports.tried", "Exports that were tried"),
        N_("success.wallet.ever", "Since the first card"),
        export_success,
    ),
}
