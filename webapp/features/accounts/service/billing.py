"""What a merchant pays for. Shopify alone decides whether a subscription is active: by its webhook,
or by what it answers when it is asked; nothing that a browser brings back counts."""

from datetime import datetime, timedelta

from sqlalchemy import select, text

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, STORE_NOT_FOUND, AppError
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.accounts.domain.plans import ENDED, FREE, PAID, PLANS, STATES
from webapp.features.accounts.messages import (
    PlanChoice,
    PlanState,
    SubscriptionCall,
    SubscriptionLine,
    SubscriptionRequest,
    SubscriptionSaid,
)
from webapp.features.accounts.models import Subscription
from webapp.features.accounts.service.installation import prepare_store_call


def current_plan(ctx: Context) -> PlanState:
    """The plan of the merchant, the subscription that pays for it, and the newest request."""
    own = select(Subscription).where(Subscription.merchant_id == ctx.merchant_id)
    paid = ctx.db.scalar(own.where(Subscription.state.in_(PAID)))
    order = (Subscription.requested_at.desc(), Subscription.subscription_id)
    newest = ctx.db.scalar(own.order_by(*order).limit(1))
    plan = paid.plan if paid and paid.plan in PLANS else FREE.key
    return PlanState(plan, _line(paid), None if newest is paid else _line(newest))


def _line(row: Subscription | None) -> SubscriptionLine | None:
    if row is None:
        return None
    return SubscriptionLine(
        subscription_id=row.subscription_id,
        plan=row.plan,
        state=row.state,
        test=row.test,
        confirmation_url=row.confirmation_url,
        reason=row.reason,
        requested_at=row.requested_at,
        trial_ends_at=row.trial_ends_at,
        period_ends_at=row.period_ends_at,
    )


def choose_plan(ctx: Context, choice: PlanChoice) -> None:
    """Have Shopify ask the merchant whether they want to pay for a plan.

    The trial is for accounts that never had one; development shops get test charges. Raises
    AppError: invalid_value (plan), store_not_found (no store that Shopify could bill).
    """
    plan = PLANS.get(choice.plan)
    if plan is None or plan is FREE:
        raise AppError(INVALID_VALUE, field="plan", value=choice.plan)
    store = ctx.db.get(Store, (ctx.merchant_id, choice.store_id))
    if store is None or store.access_token is None:
        raise AppError(STORE_NOT_FOUND, store=choice.store_id)
    _withdraw_requests(ctx)
    subscription_id = new_id("sub_")
    ctx.db.add(
        Subscription(
            merchant_id=ctx.merchant_id,
            subscription_id=subscription_id,
            store_id=store.store_id,
            plan=plan.key,
            price_minor=plan.price.minor,
            currency=plan.price.currency,
            trial_days=0 if _had_a_trial(ctx) else plan.trial_days,
            test=store.development,
            requested_at=ctx.wall,
        )
    )
    ctx.db.flush()
    ctx.audit("plan_chosen", plan=plan.key, subscription_id=subscription_id)
    ctx.emit("plan.chosen", subscription_id, {"subscription_id": subscription_id})


def prepare_subscription(ctx: Context, subscription_id: str) -> SubscriptionRequest | None:
    """What Shopify is asked to bill; None when another plan was chosen, or the store has left."""
    row = ctx.db.get(Subscription, (ctx.merchant_id, subscription_id))
    call = prepare_store_call(ctx, row.store_id) if row else None
    if row is None or call is None or row.state != "requested":
        return None
    return SubscriptionRequest(
        call=call,
        subscription_id=subscription_id,
        name=f"LoyalNest {PLANS[row.plan].name}",
        price_minor=row.price_minor,
        currency=row.currency,
        trial_days=row.trial_days,
        test=row.test,
    )


def await_confirmation(
    ctx: Context, subscription_id: str, external_id: str, confirmation_url: str
) -> None:
    """Shopify knows the subscription; the merchant has to agree at `confirmation_url`."""
    row = _locked(ctx, subscription_id)
    if row.state == "requested":
        row.state, row.external_id = "pending", external_id
        row.confirmation_url = confirmation_url


def refuse_subscription(ctx: Context, subscription_id: str, reason: str) -> None:
    """Shopify does not take the request, and says why."""
    row = _locked(ctx, subscription_id)
    if row.state == "requested":
        row.state, row.reason, row.ended_at = "failed", reason[:200], ctx.wall


def hear_of_subscription(ctx: Context, said: SubscriptionSaid) -> None:
    """Take Shopify's word for the state of a subscription; one we do not know is no matter of ours.

    What has ended stays so, for webhooks come in any order. A subscription that becomes active
    takes the place of the one before, which Shopify cancels at the same time.
    """
    state = STATES.get(said.status.upper())
    same = select(Subscription).where(
        Subscription.merchant_id == ctx.merchant_id,
        Subscription.external_id == said.external_id,
    )
    row = ctx.db.scalar(same.with_for_update())
    if row is None or state is None or row.state in ENDED:
        return
    if said.period_ends_at is not None:
        row.period_ends_at = said.period_ends_at
    if state == row.state:
        return
    if state in PAID:
        _end_others(ctx, row.subscription_id)
        _begin(row, ctx.wall)
    if state in ENDED:
        row.ended_at = ctx.wall
    before, row.state = row.state, state
    ctx.db.flush()
    ctx.audit(f"plan_{state}", plan=row.plan, subscription_id=row.subscription_id, before=before)


def ask_after_plan(ctx: Context) -> bool:
    """Ask Shopify how the open subscriptions stand; False when there is none to ask after."""
    found = _open_subscriptions(ctx)
    for subscription_id in found:
        ctx.emit("plan.asked_after", new_id("ask_"), {"subscription_id": subscription_id})
    return bool(found)


def end_plan(ctx: Context) -> None:
    """Have Shopify stop billing, and go back to the free plan. Raises AppError(invalid_value) when
    nothing is paid for."""
    paid = current_plan(ctx).subscription
    if paid is None:
        raise AppError(INVALID_VALUE, field="plan", value=FREE.key)
    ctx.audit("plan_end_asked", plan=paid.plan, subscription_id=paid.subscription_id)
    payload = {"subscription_id": paid.subscription_id}
    ctx.emit("plan.end_asked", new_id("end_"), payload)


def prepare_subscription_call(ctx: Context, subscription_id: str) -> SubscriptionCall | None:
    """What Shopify is asked about a subscription with; None when it has ended, or never began
    there, or the store has left."""
    row = ctx.db.get(Subscription, (ctx.merchant_id, subscription_id))
    if row is None or row.external_id is None or row.state in ENDED:
        return None
    call = prepare_store_call(ctx, row.store_id)
    return SubscriptionCall(call, row.external_id) if call else None


def _locked(ctx: Context, subscription_id: str) -> Subscription:
    key = (ctx.merchant_id, subscription_id)
    return ctx.db.get_one(Subscription, key, with_for_update=True, populate_existing=True)


def _begin(row: Subscription, wall: datetime) -> None:
    """The first time that it is active begins the trial."""
    row.confirmation_url = None
    if row.activated_at is None:
        row.activated_at = wall
        row.trial_ends_at = wall + timedelta(days=row.trial_days) if row.trial_days else None


def _end_others(ctx: Context, subscription_id: str) -> None:
    sql = text(
        """
        update subscriptions set state = 'cancelled', ended_at = :wall
        where merchant_id = :m and subscription_id <> :s and state in ('active', 'frozen')
        """
    )
    ctx.db.execute(sql, {"m": ctx.merchant_id, "s": subscription_id, "wall": ctx.wall})


def _withdraw_requests(ctx: Context) -> None:
    """What Shopify has not been asked for yet is asked no more."""
    sql = text(
        """
        update subscriptions set state = 'cancelled', ended_at = :wall
        where merchant_id = :m and state = 'requested'
        """
    )
    ctx.db.execute(sql, {"m": ctx.merchant_id, "wall": ctx.wall})


def _had_a_trial(ctx: Context) -> bool:
    sql = "select 1 from subscriptions where merchant_id = :m and activated_at is not null limit 1"
    return ctx.db.scalar(text(sql), {"m": ctx.merchant_id}) is not None


def _open_subscriptions(ctx: Context) -> list[str]:
    sql = """
    select subscription_id from subscriptions
    where merchant_id = :m and external_id is not null and state in ('pending', 'active', 'frozen')
    """
    return [str(found) for found in ctx.db.scalars(text(sql), {"m": ctx.merchant_id})]
