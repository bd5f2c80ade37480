"""App subscriptions: asked for by the app, approved by the merchant on a page, billed by nobody.

Source: shopify.dev, appSubscriptionCreate: it starts PENDING with a `confirmationUrl`; when the
merchant approves, it becomes ACTIVE, an older one is CANCELLED, `app_subscriptions/update` is sent,
and the browser goes to `returnUrl` with `charge_id`.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from html import escape
from http import HTTPStatus
from urllib.parse import urlsplit

from webapp.demo.standins.exchange import Answer, as_mapping, inside
from webapp.demo.standins.shopify.facts import gid, moment, money, number_of, user_error
from webapp.demo.standins.shopify.pages import go, page, with_query
from webapp.demo.standins.shopify.state import AppSubscription, ShopState
from webapp.demo.standins.shopify.webhooks import as_list

INTERVAL_DAYS = {"EVERY_30_DAYS": 30, "ANNUAL": 365}
_ERROR = "UserError"


def create(state: ShopState, arguments: Mapping[str, object], base: str) -> dict[str, object]:
    """`appSubscriptionCreate`; `base` is where the stand-in's pages of this shop begin."""
    payload: dict[str, object] = {
        "__typename": "AppSubscriptionCreatePayload",
        "appSubscription": None,
        "confirmationUrl": None,
    }
    plan = inside(as_list(arguments.get("lineItems"))[0], "plan", "appRecurringPricingDetails")
    given = as_mapping(plan)
    wrong = _complaint(arguments, given)
    if wrong:
        return {**payload, "userErrors": [wrong]}
    price = as_mapping(given["price"])
    with state.lock:
        made = AppSubscription(
            number=state.number(),
            name=str(arguments["name"]),
            status="PENDING",
            price=Decimal(str(price["amount"])),
            currency=str(price["currencyCode"]),
            interval=str(given.get("interval") or "EVERY_30_DAYS"),
            return_url=str(arguments["returnUrl"]),
            created_at=state.now(),
            trial_days=int(str(arguments.get("trialDays") or 0)),
            test=bool(arguments.get("test")),
        )
        state.plans[made.number] = made
    url = f"{base}/admin/charges/{made.number}/confirm"
    return {**payload, "appSubscription": show(made), "confirmationUrl": url, "userErrors": []}


def cancel(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`appSubscriptionCancel`."""
    payload: dict[str, object] = {"__typename": "AppSubscriptionCancelPayload"}
    number = number_of(arguments.get("id"), "AppSubscription")
    found = state.plans.get(number or -1)
    if found is None or found.status not in ("ACTIVE", "PENDING", "ACCEPTED"):
        message = "Could not find the app subscription or it cannot be cancelled."
        errors = [user_error(_ERROR, message, "id")]
        return {**payload, "appSubscription": None, "userErrors": errors}
    _become(state, found, "CANCELLED")
    return {**payload, "appSubscription": show(found), "userErrors": []}


def active(state: ShopState) -> list[dict[str, object]]:
    """`currentAppInstallation.activeSubscriptions`."""
    with state.lock:
        return [show(plan) for plan in state.plans.values() if plan.status == "ACTIVE"]


def confirmation(state: ShopState, number: int, decision: str | None) -> Answer:
    """The page on which the merchant decides (`approve` or `decline`); then back to the app."""
    plan = state.plans.get(number)
    if plan is None or plan.status != "PENDING":
        return page("This charge is not waiting", "<p>It was decided, or never asked for.</p>", 404)
    if decision is None:
        return _ask(state, plan)
    if decision == "approve":
        for other in list(state.plans.values()):
            if other.status == "ACTIVE":
                _become(state, other, "CANCELLED")
        days = INTERVAL_DAYS[plan.interval] + plan.trial_days
        plan.period_end = state.now() + timedelta(days=days)
        _become(state, plan, "ACTIVE")
    else:
        _become(state, plan, "DECLINED")
    return go(with_query(plan.return_url, charge_id=str(number)))


def show(plan: AppSubscription) -> dict[str, object]:
    """The object."""
    pricing = {
        "__typename": "AppRecurringPricing",
        "price": money(plan.price, plan.currency),
        "interval": plan.interval,
        "discount": None,
    }
    line = {
        "__typename": "AppSubscriptionLineItem",
        "id": f"{gid('AppSubscriptionLineItem', plan.number)}?v=1&index=0",
        "plan": {"__typename": "AppPlanV2", "pricingDetails": pricing},
    }
    return {
        "__typename": "AppSubscription",
        "id": gid("AppSubscription", plan.number),
        "name": plan.name,
        "status": plan.status,
        "test": plan.test,
        "trialDays": plan.trial_days,
        "returnUrl": plan.return_url,
        "createdAt": moment(plan.created_at),
        "currentPeriodEnd": moment(plan.period_end) if plan.period_end else None,
        "lineItems": [line],
    }


def _become(state: ShopState, plan: AppSubscription, status: str) -> None:
    """Change its status, and tell app_subscriptions/update."""
    with state.lock:
        plan.status = status
        told = {
            "admin_graphql_api_id": gid("AppSubscription", plan.number),
            "name": plan.name,
            "status": status,
            "admin_graphql_api_shop_id": gid("Shop", 1),
            "created_at": moment(plan.created_at),
            "updated_at": moment(state.now()),
            "currency": plan.currency,
            "capped_amount": None,
            "price": f"{plan.price:.2f}",
            "interval": plan.interval.lower(),
            "plan_handle": None,
        }
    state.happened("app_subscriptions/update", {"app_subscription": told})


def _complaint(
    arguments: Mapping[str, object], plan: Mapping[str, object]
) -> dict[str, object] | None:
    if not arguments.get("name"):
        return user_error(_ERROR, "Name can't be blank", "name")
    if urlsplit(str(arguments.get("returnUrl"))).scheme not in ("http", "https"):
        return user_error(_ERROR, "Return url is not a valid URL", "returnUrl")
    try:
        price = Decimal(str(as_mapping(plan.get("price")).get("amount")))
    except InvalidOperation:
        price = Decimal(0)
    if price <= 0:
        return user_error(_ERROR, "Price must be greater than 0", "lineItems")
    if str(plan.get("interval") or "EVERY_30_DAYS") not in INTERVAL_DAYS:
        return user_error(_ERROR, "Interval is invalid", "lineItems")
    return None


def _ask(state: ShopState, plan: AppSubscription) -> Answer:
    trial = f" after {plan.trial_days} free days" if plan.trial_days else ""
    test = "<p>This is a test charge: nobody is billed.</p>" if plan.test else ""
    body = f"""<p><strong>{escape(plan.name)}</strong> asks {escape(state.shop.name)} for
      {plan.price:.2f} {escape(plan.currency)} {plan.interval.lower().replace("_", " ")}{trial}.</p>
      {test}<form method="post"><button name="decision" value="approve">Approve</button>
      <button name="decision" value="decline" class="plain">Decline</button></form>"""
    return page("Approve subscription", body, HTTPStatus.OK)
