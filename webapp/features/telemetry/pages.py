"""The Success page: every success metric of the specification, as a figure of our own tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Form, Measured, Metric, Page
from webapp.core.i18n import N_
from webapp.features.telemetry import queries

Text = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Specified:
    """A success metric as the specification names it. `goal` is a share (0.85 is 85 %), or for
    another `kind` seconds or a score; it is to be reached or, for seconds, kept below."""

    name: str
    title: Text
    definition: Text
    goal: float
    kind: str = "share"


FEATURES = {
    "rfm": N_("success.rfm", "Customer analytics"),
    "points": N_("success.points", "Points across stores"),
    "referrals": N_("success.referrals", "Merchant referrals"),
    "gamification": N_("success.gamification", "Badges and leaderboards"),
    "theme": N_("success.theme", "Storefront widgets"),
    "community": N_("success.community", "Community"),
    "wallet": N_("success.wallet", "Wallet passes"),
}
SPECIFIED = (
    Specified(
        "rfm.adoption",
        N_("success.rfm.adoption", "Use of advanced analytics"),
        N_("success.rfm.adoption.what", "Merchants who use thresholds or forecasts of their own."),
        0.85,
    ),
    Specified(
        "rfm.accuracy",
        N_("success.rfm.accuracy", "Correct churn verdicts"),
        N_("success.rfm.accuracy.what", "Verdicts on customers that turned out to be right."),
        0.80,
    ),
    Specified(
        "points.adoption",
        N_("success.points.adoption", "Members of several stores"),
        N_(
            "success.points.adoption.what",
            "Members who are known in two or more of your stores. This needs two stores.",
        ),
        0.15,
    ),
    Specified(
        "points.sync_accuracy",
        N_("success.points.sync", "Balances in step"),
        N_(
            "success.points.sync.what",
            "Balances that your stores show as they are. A changed balance has five minutes to "
            "arrive; one that a store refuses counts as wrong.",
        ),
        0.99,
    ),
    Specified(
        "referrals.conversion",
        N_("success.referrals.conversion", "Referral conversion"),
        N_("success.referrals.conversion.what", "Referred merchants who installed LoyalNest."),
        0.05,
    ),
    Specified(
        "referrals.community_adoption",
        N_("success.referrals.community", "Referrers in the community"),
        N_("success.referrals.community.what", "Referring merchants who joined the community."),
        0.80,
    ),
    Specified(
        "referrals.view_rate",
        N_("success.referrals.views", "Use of referral analytics"),
        N_(
            "success.referrals.views.what",
            "Referring merchants who looked at their analytics.",
        ),
        0.80,
    ),
    Specified(
        "gamification.engagement",
        N_("success.gamification.engagement", "Members who take part"),
        N_("success.gamification.engagement.what", "Members who earned a badge or kept a streak."),
        0.20,
    ),
    Specified(
        "gamification.leaderboard_interaction",
        N_("success.gamification.leaderboard", "Use of leaderboards"),
        N_("success.gamification.leaderboard.what", "Members on a leaderboard who looked at it."),
        0.85,
    ),
    Specified(
        "theme.adoption",
        N_("success.theme.adoption", "Widgets in use"),
        N_("success.theme.adoption.what", "Stores that show at least one widget."),
        0.80,
    ),
    Specified(
        "theme.render_time",
        N_("success.theme.render", "Time until a widget is shown"),
        N_("success.theme.render.what", "How long shoppers wait for a widget."),
        1.0,
        "seconds",
    ),
    Specified(
        "theme.lighthouse",
        N_("success.theme.lighthouse", "Lighthouse score"),
        N_("success.theme.lighthouse.what", "How Lighthouse rates a page with our widgets."),
        90.0,
        "score",
    ),
    Specified(
        "community.participation",
        N_("success.community.participation", "Merchants in the community"),
        N_("success.community.participation.what", "Merchants who joined the community."),
        0.80,
    ),
    Specified(
        "community.beta_adoption",
        N_("success.community.beta", "Use of beta features"),
        N_("success.community.beta.what", "Merchants who turned on a beta feature."),
        0.10,
    ),
    Specified(
        "wallet.adoption",
        N_("success.wallet.adoption", "Passes in use"),
        N_("success.wallet.adoption.what", "Members who keep their pass in a wallet."),
        0.20,
    ),
    Specified(
        "wallet.export_success",
        N_("success.wallet.exports", "Successful exports"),
        N_("success.wallet.exports.what", "Exports to a wallet that succeeded."),
        0.90,
    ),
)


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    return {
        "features": features(ctx, discovery.metrics()),
        "events": [asdict(count) for count in queries.event_counts(ctx)],
        "days": queries.DAYS,
    }


def features(ctx: Context, measured: Mapping[str, Metric]) -> dict[str, list[dict[str, Any]]]:
    """What is measured, one card each, and what is not yet, by feature."""
    cards, missing = [], []
    for feature, name in FEATURES.items():
        own = [one for one in SPECIFIED if one.name.partition(".")[0] == feature]
        title = i18n.text(ctx.locale, *name)
        cards += [
            {"feature": title, **card(ctx, one, measured[one.name])}
            for one in own
            if one.name in measured
        ]
        absent = [described(ctx.locale, one) for one in own if one.name not in measured]
        if absent:
            missing.append({"feature": title, "metrics": absent})
    return {"measured": cards, "missing": missing}


def described(locale: str, one: Specified) -> dict[str, str]:
    """A metric in words."""
    title, definition = i18n.text(locale, *one.title), i18n.text(locale, *one.definition)
    return {"title": title, "definition": definition}


def card(ctx: Context, one: Specified, metric: Metric) -> dict[str, Any]:
    """A metric with its figure today; no figure while there is nothing to divide by."""
    found, locale = metric.measure(ctx), ctx.locale
    value = found.numerator / found.denominator if found.denominator else None
    return {
        **described(locale, one),
        "kind": one.kind,
        "goal": one.goal,
        "value": value,
        "reached": value is not None and reaches(one, value),
        "parts": parts(locale, metric, found),
    }


def reaches(one: Specified, value: float) -> bool:
    """Whether a figure is as good as the specification wants it."""
    return value < one.goal if one.kind == "seconds" else value >= one.goal


def parts(locale: str, metric: Metric, found: Measured) -> dict[str, Any]:
    """What the figure is made of, in words and numbers."""
    return {
        "numerator_label": i18n.text(locale, *metric.numerator),
        "numerator": found.numerator,
        "denominator_label": i18n.text(locale, *metric.denominator),
        "denominator": found.denominator,
        "period": i18n.text(locale, *metric.period),
    }


PAGES = (
    Page(
        "success",
        N_("success.title", "Success"),
        80,
        "insights",
        "admin:analytics",
        load,
        "success.html",
    ),
)
