"""The A/B tests page: what each test has come to, in figures and in a plain sentence."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.theme import service
from webapp.features.theme.domain import experiments as rules
from webapp.features.theme.domain.experiments import Uplift
from webapp.features.theme.models import WidgetTest
from webapp.features.theme.pages.widget_form import GOALS
from webapp.features.theme.queries import experiments as stored

ENDED = N_("theme.test.ended", "The A/B test has ended. Your stores follow within seconds.")
VERDICTS = {
    "uneven": N_(
        "theme.verdict.uneven",
        "Do not trust these figures: far more customers saw one version than the other, which does "
        "not happen by chance. Something keeps one version from being counted.",
    ),
    "early": N_(
        "theme.verdict.early",
        "Too early to say. It takes %(members)s members for each version whose time has passed, "
        "and %(days)s days.",
    ),
    "b": N_("theme.verdict.b", "Version B is better. You can end the test and use it."),
    "a": N_("theme.verdict.a", "Version A is better. End the test and keep it."),
    "same": N_(
        "theme.verdict.same", "There is no difference worth mentioning. Keep what you like better."
    ),
    "open": N_(
        "theme.verdict.open",
        "Nothing is decided yet: the difference may be chance. Let the test run.",
    ),
}
UPLIFT = N_(
    "theme.uplift",
    "B compared with A: %(value)s percentage points, most likely between %(low)s and %(high)s.",
)
OUTCOMES = {
    "kept_a": N_("theme.outcome.kept_a", "Ended, A was kept"),
    "took_b": N_("theme.outcome.took_b", "Ended, B was taken"),
}


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    return {"tests": [row(ctx, test) for test in stored.tests(ctx)]}


def row(ctx: Context, test: WidgetTest) -> Mapping[str, Any]:
    """A test as the page shows it."""
    found = stored.figures(ctx, test)
    until = test.ended_at or ctx.now
    verdict = rules.judge(
        found.a, found.b, found.seen, (until - test.started_at) / timedelta(days=1)
    )
    known = discovery.widgets().get(test.widget)
    uplift = rules.uplift(found.a, found.b)
    return {
        "test": test,
        "name": i18n.text(ctx.locale, *known[1].title) if known else test.widget,
        "goal": i18n.text(ctx.locale, *GOALS[test.goal]),
        "outcome": i18n.text(ctx.locale, *OUTCOMES[test.outcome]) if test.outcome else "",
        "figures": found,
        "verdict": verdict,
        "said": i18n.text(
            ctx.locale, *VERDICTS[verdict], members=rules.FEWEST_MEMBERS, days=rules.FEWEST_DAYS
        ),
        "uplift": in_words(ctx.locale, uplift) if uplift else "",
    }


def in_words(locale: str, uplift: Uplift) -> str:
    """The uplift with its interval, in percentage points."""
    named = {"value": uplift.value, "low": uplift.low, "high": uplift.high}
    points = {name: signed(locale, share) for name, share in named.items()}
    return i18n.text(locale, *UPLIFT, **points)


def signed(locale: str, share: float) -> str:
    """A share in percentage points with one decimal and its sign, left to right."""
    points = round(Decimal(share) * 100, 1)
    sign = "+" if points > 0 else "\u2212" if points < 0 else ""
    return f"\u2066{sign}{i18n.decimal(locale, abs(points))}\u2069"


def keep(ctx: Context, form: Form) -> Done:
    service.end_test(ctx, form.one("test_id"), take_b=False)
    return Done(i18n.text(ctx.locale, *ENDED))


def take(ctx: Context, form: Form) -> Done:
    service.end_test(ctx, form.one("test_id"), take_b=True)
    return Done(i18n.text(ctx.locale, *ENDED))


PAGE = Page(
    path="experiments",
    title=N_("theme.tests", "A/B tests"),
    order=61,
    group="programme",
    permission="admin:frontend",
    load=load,
    template="experiments.html",
    actions={"keep": keep, "take": take},
)
