"""The Leaderboard page: who earned most this month over all stores that share."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.points import queries, service
from webapp.features.points.queries import leaderboard

PATH = "leaderboard"
SHOWN, EACH_SIDE = 25, 3
LONGEST_ID = 200
SHARING = N_("leaderboard.sharing", "The stores are being told.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    """The first places; with `member` in the query also those around that member."""
    cycle = service.cycle_of(ctx).name
    asked = form.one("member")[:LONGEST_ID]
    places = leaderboard.standings(ctx, cycle, SHOWN)
    return {
        "shared": queries.read_sharing(ctx).shared_leaderboard,
        "cycle": cycle,
        "places": places,
        "most": places[0].score if places else 0,
        "asked": asked,
        "near": leaderboard.around(ctx, cycle, asked, EACH_SIDE) if asked else (),
        "boards": leaderboard.boards(ctx),
    }


def share(ctx: Context, form: Form) -> Done:
    """Tag the first ten now."""
    service.share_boards(ctx)
    return Done(i18n.text(ctx.locale, *SHARING))


PAGE = Page(
    path=PATH,
    title=N_("leaderboard.title", "Leaderboard"),
    order=32,
    group="insights",
    permission="admin:points",
    load=load,
    template="leaderboard.html",
    actions={"share": share},
)
