"""Codes at the shop: made, refused, and ended when a member gives them back.

Every step locks the member's row before the redemption's, and looks at its state again then: what
the shop tells may have been overtaken by an order that used the code.
"""

from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.models import Store
from webapp.core.words import currency_exponent, new_id
from webapp.features.points.domain.rewards import Terms
from webapp.features.points.messages import CodeToEnd, CodeToMake
from webapp.features.points.service.held import enter, give_back, hold, of


def prepare_code(ctx: Context, message: Message) -> CodeToMake | None:
    """What the shop is asked to make; None once it was made, or given up."""
    found = _redemption(ctx, message.payload["redemption_id"])
    if found.state != "preparing":
        return None
    terms, store = Terms(**found.terms), _store(ctx, found.store_id)
    exponent = currency_exponent(terms.currency)
    return CodeToMake(
        redemption_id=found.redemption_id,
        store_id=found.store_id,
        shop_domain=store.shop_domain,
        access_token=_token(ctx, store),
        customer=found.external_id,
        code=found.code,
        title=f"{found.reward} ({found.code})",
        amount=_decimal(terms.amount_minor, exponent),
        percent=terms.percent,
        product=terms.product,
        minimum=_decimal(terms.minimum_minor, exponent),
        starts_at=found.redeemed_at,
        ends_at=found.expires_at,
    )


def record_code(ctx: Context, made: CodeToMake, discount_id: str) -> None:
    """The shop has the code now: the member may use it, and hears of it."""
    for held in hold(ctx, [made.redemption_id]):
        state = "ready" if held.state == "preparing" else held.state
        enter(ctx, held, state, discount_id=discount_id)
        if state == "ready" and held.state == "preparing":
            payload = {**of(held), "code": made.code, "reward": held.reward}
            ctx.emit("points.code_ready", held.redemption_id, payload)


def bury_code(ctx: Context, message: Message, reason: str) -> None:
    """The shop could not make the code: points and stock go back, and the member hears why. Should
    it have been made although we never heard so, it is ended."""
    for held in hold(ctx, [message.payload["redemption_id"]]):
        if held.state != "preparing":
            continue
        give_back(ctx, held)
        enter(ctx, held, "failed", returned=True, reason=reason)
        payload = {"store_id": held.store_id, "redemption_id": held.redemption_id}
        ctx.emit("points.cancel_asked", new_id("back_"), payload)
        told = {**of(held), "reward": held.reward, "points": held.points}
        ctx.emit("points.redemption_failed", held.redemption_id, told)


def prepare_end(ctx: Context, message: Message) -> CodeToEnd | None:
    """The code that the shop is asked to end; None when it is settled already."""
    found = _redemption(ctx, message.payload["redemption_id"])
    store = _store(ctx, found.store_id)
    token = _token(ctx, store)
    if found.state not in ("cancelling", "failed") or (found.state == "failed" and not token):
        return None
    return CodeToEnd(found.redemption_id, found.store_id, store.shop_domain, token, found.code)


def record_end(ctx: Context, asked: CodeToEnd, *, used: bool) -> None:
    """What the shop said: a code that was used stays used, for any other the points return."""
    for held in hold(ctx, [asked.redemption_id]):
        if held.state != "cancelling":
            continue
        if used:
            enter(ctx, held, "used")
        else:
            give_back(ctx, held)
            enter(ctx, held, "returned", returned=True)


def bury_end(ctx: Context, message: Message, reason: str) -> None:
    """The shop did not end the code, so it can still be used, and nothing was returned."""
    for held in hold(ctx, [message.payload["redemption_id"]]):
        if held.state == "cancelling":
            enter(ctx, held, "ready", reason=reason)


def _redemption(ctx: Context, redemption_id: str) -> Any:
    values = {"merchant_id": ctx.merchant_id, "redemption_id": redemption_id}
    return ctx.db.execute(_ONE, values).one()


def _store(ctx: Context, store_id: str) -> Store:
    return ctx.db.get_one(Store, (ctx.merchant_id, store_id))


def _token(ctx: Context, store: Store) -> str:
    """Empty where the store is not connected."""
    if store.access_token is None:
        return ""
    return ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store.store_id))


def _decimal(minor: int | None, exponent: int) -> str | None:
    """1050 with exponent 2 -> `10.50`."""
    if minor is None:
        return None
    digits = str(minor).rjust(exponent + 1, "0")
    return f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits


_ONE = text(
    """
    select d.*, r.names ->> r.default_locale as reward
    from redemptions d join rewards r using (merchant_id, reward_id)
    where d.merchant_id = :merchant_id and d.redemption_id = :redemption_id
    """
)
