"""Discount codes for friends, on their way to the shop."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.points.messages.referrals import AMOUNT, PERCENTAGE, FriendCode


def prepare_friend_code(ctx: Context, message: Message) -> FriendCode | None:
    """What the shop is asked to make; None when it has made it, or nobody may use it any more. A
    code that was given up may be tried again."""
    values = {"merchant_id": ctx.merchant_id, "claim_id": message.payload["claim_id"]}
    found = ctx.db.execute(_WANTED, values).one_or_none()
    if found is None:
        return None
    store = ctx.db.get_one(Store, (ctx.merchant_id, found.store_id))
    place = Store.token_place(ctx.merchant_id, store.store_id)
    sealed, offer = store.access_token, found.offer
    return FriendCode(
        claim_id=found.claim_id,
        store_id=found.store_id,
        shop_domain=store.shop_domain,
        access_token="" if sealed is None else ctx.keys.open(sealed, place),
        code=found.discount_code,
        customer=found.external_id,
        percent=offer["percentage"] if offer["kind"] == PERCENTAGE else None,
        amount=_decimal(offer, offer["amount_minor"]) if offer["kind"] == AMOUNT else None,
        minimum=_decimal(offer, found.minimum_minor) if found.minimum_minor else None,
        starts_at=found.claimed_at.isoformat(),
    )


def _decimal(offer: Mapping[str, Any], minor: int) -> str:
    return str(Decimal(minor).scaleb(-currency_exponent(offer["currency"])))


_WANTED = text(
    """
    select claim_id, store_id, discount_code, external_id, offer, minimum_minor, claimed_at
    from referral_claims
    where merchant_id = :merchant_id and claim_id = :claim_id and state = 'claimed'
      and not in_review and discount_state in ('wanted', 'failed')
    """
)


def record_friend_code(ctx: Context, made: FriendCode, discount_id: str) -> None:
    """The shop has the code now."""
    _enter(ctx, made.claim_id, "made", discount_id)


def bury_friend_code(ctx: Context, message: Message, reason: str) -> None:
    """The shop could not make the code. The friend is told so; the claim counts all the same."""
    _enter(ctx, message.payload["claim_id"], "failed", None)


def _enter(ctx: Context, claim_id: str, state: str, discount_id: str | None) -> None:
    values = {
        "merchant_id": ctx.merchant_id,
        "claim_id": claim_id,
        "state": state,
        "discount_id": discount_id,
    }
    ctx.db.execute(_ENTER, values)


_ENTER = text(
    """
    update referral_claims set discount_state = :state, discount_id = :discount_id
    where merchant_id = :merchant_id and claim_id = :claim_id and discount_state <> 'made'
    """
)
