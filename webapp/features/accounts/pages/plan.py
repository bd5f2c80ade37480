"""The Plan page: what the account has, what it uses, and what else there is."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.domain.plans import PLANS, Plan
from webapp.features.accounts.messages import PlanChoice, SubscriptionLine
from webapp.features.accounts.queries.installation import store_lines, usage

STATES = {
    "requested": ("busy", N_("plan.state.requested", "Shopify is being asked")),
    "pending": ("busy", N_("plan.state.pending", "Waiting for your agreement")),
    "active": ("good", N_("plan.state.active", "Active")),
    "frozen": ("bad", N_("plan.state.frozen", "Not paid")),
    "declined": ("plain", N_("plan.state.declined", "Declined")),
    "expired": ("plain", N_("plan.state.expired", "Not agreed to in time")),
    "cancelled": ("plain", N_("plan.state.cancelled", "Ended")),
    "failed": ("bad", N_("plan.state.failed", "Refused by Shopify")),
}
ASKED = N_("plan.asked", "Shopify is being asked. You agree to the price there.")
CHECKED = N_("plan.checked", "Shopify is being asked how your plan stands.")
NOTHING = N_("plan.nothing", "There is nothing to ask after.")
ENDING = N_("plan.ending", "Shopify is asked to end the plan.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    now = service.current_plan(ctx)
    stores, members = usage(ctx)
    plan = PLANS[now.plan]
    return {
        "plan": plan,
        "subscription": shown(ctx.locale, now.subscription),
        "newest": shown(ctx.locale, now.newest),
        "going_on": now.newest is not None and now.newest.state in ("requested", "pending"),
        "in_trial": bool(
            now.subscription
            and now.subscription.trial_ends_at
            and now.subscription.trial_ends_at > ctx.wall
        ),
        "stores_used": stores,
        "members_used": members,
        "over": over(plan, stores, members),
        "plans": [offered(ctx.locale, p, current=p is plan) for p in PLANS.values()],
        "billable": [line for line in store_lines(ctx) if line.connected],
    }


def over(plan: Plan, stores: int, members: int) -> bool:
    """Whether more is used than the plan is for."""
    pairs = ((plan.stores, stores), (plan.members, members))
    return any(most is not None and used > most for most, used in pairs)


def offered(locale: str, plan: Plan, *, current: bool) -> dict[str, Any]:
    return {
        "plan": plan,
        "current": current,
        "features": [i18n.text(locale, *feature) for feature in plan.features],
    }


def shown(locale: str, line: SubscriptionLine | None) -> dict[str, Any] | None:
    """A subscription with its state in words."""
    if line is None:
        return None
    kind, label = STATES[line.state]
    plan = PLANS.get(line.plan)
    return {
        "line": line,
        "kind": kind,
        "state": i18n.text(locale, *label),
        "name": plan.name if plan else line.plan,
    }


def choose(ctx: Context, form: Form) -> Done:
    service.choose_plan(ctx, PlanChoice(form.one("plan"), form.one("store")))
    return Done(i18n.text(ctx.locale, *ASKED))


def check(ctx: Context, form: Form) -> Done:
    text = CHECKED if service.ask_after_plan(ctx) else NOTHING
    return Done(i18n.text(ctx.locale, *text))


def end(ctx: Context, form: Form) -> Done:
    service.end_plan(ctx)
    return Done(i18n.text(ctx.locale, *ENDING))


PAGE = Page(
    path="plan",
    title=N_("plan.title", "Plan"),
    order=84,
    group="account",
    permission="admin:settings",
    load=load,
    template="plan.html",
    actions={"choose": choose, "check": check, "end": end},
)
