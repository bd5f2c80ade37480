"""A friend takes the offer of a link: who may, and what is promised.

A refusal is an answer like any other, so that it can be counted; what programs or forms get wrong
is a failure.
"""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from webapp.core import cache, i18n
from webapp.core.addresses import email_hash, pepper
from webapp.core.context import Context
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.words import new_id
from webapp.features.points.domain.referrals import new_discount_code, normal_code
from webapp.features.points.messages.referrals import (
    CLAIMED,
    IN_REVIEW,
    NO_OFFER,
    REFUSALS,
    ClaimReferral,
    ReferralClaimed,
    ReferralProgramme,
)
from webapp.features.points.queries.referral_claims import (
    Friend,
    claim_by_id,
    claim_of_customer,
    claims_since,
    customer,
    known_of,
    locked_link,
)
from webapp.features.points.queries.rules import rule_at
from webapp.features.points.service.referral_settings import offer_at, read_referral_programme

REFERRAL_CLAIMED = "referral_claimed"
A_DAY = timedelta(days=1)
# Refused claims of one code on one day, after which it rests: nobody may try address after address.
MOST_REFUSALS_A_DAY = 50
# Claims of one member on one day that wait for a person, beside those that need none: nobody can
# look at more, and whoever has a code may invent addresses.
MOST_WAITING_A_DAY = 1_000
# Told to signed-in customers only: they say something about somebody.
_PERSONAL = frozenset({"self", "existing_customer", "already_claimed"})


def claim_referral(ctx: Context, message: ClaimReferral) -> ReferralClaimed:
    """Keep the claim and have the friend's discount code made; or say why not.

    Refused are an unknown code, a paused programme, a code that was tried too often today, the
    member's own link (whoever of the member's identities or addresses it is), people who have
    ordered before, and people who have claimed before. From a number of claims a day on a person
    looks at them first. The same customer claiming the same link again gets the same answer. Raises
    AppError: field_required, invalid_value.
    """
    link = locked_link(ctx, normal_code(message.code))
    if link is None:
        return _refused(ctx, "", "unknown_code", message)
    programme = read_referral_programme(ctx)
    friend = _friend(ctx, message)
    if message.external_id is not None:
        known = claim_of_customer(ctx, link.code, message.store_id, message.external_id)
        if known is not None:
            return answer_of(ctx, known)
    today = claims_since(ctx, link.member, ctx.now - A_DAY)
    reason = _obstacle(ctx, link, programme, friend, today)
    if reason is None:
        claim_id = _keep(ctx, link, programme, friend, today)
        made = claim_by_id(ctx, claim_id) if claim_id else None
        if made is not None:
            return answer_of(ctx, made)
        reason = "already_claimed"
    return _refused(ctx, link.code, reason, message)


def _friend(ctx: Context, message: ClaimReferral) -> Friend:
    if message.external_id is not None:
        return customer(ctx, message.store_id, message.external_id)
    if message.email is None:
        raise AppError(FIELD_REQUIRED, field="email")
    hashed = email_hash(pepper(ctx), message.email)
    if hashed is None:
        raise AppError(INVALID_VALUE, field="email", value="-")
    return Friend(message.store_id, None, None, hashed)


def _obstacle(
    ctx: Context, link: Row[Any], programme: ReferralProgramme, friend: Friend, today: int
) -> str | None:
    """Why this friend may not claim; None when nothing speaks against it. `today` is how many
    others have claimed a link of this member within a day."""
    if not programme.enabled:
        return "off"
    found = known_of(ctx, link.code, link.member, friend)
    waiting = today - programme.review_from
    if found.refused >= MOST_REFUSALS_A_DAY or waiting >= MOST_WAITING_A_DAY:
        return "too_many"
    reasons = {
        "self": found.is_advocate,
        "already_claimed": found.has_claimed,
        "existing_customer": found.has_ordered,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _keep(
    ctx: Context, link: Row[Any], programme: ReferralProgramme, friend: Friend, today: int
) -> str | None:
    """The id of the new claim; None when this friend has claimed at the same moment."""
    offer, claim_id = offer_at(ctx, programme, friend.store_id), new_id("clm_")
    in_review = today + 1 >= programme.review_from
    hold = programme.hold_days
    bound = {
        "merchant_id": ctx.merchant_id,
        "claim_id": claim_id,
        "code": link.code,
        "advocate": link.advocate,
        "store_id": friend.store_id,
        "external_id": friend.external_id,
        "email_hash": friend.email_hash,
        "friend": friend.home,
        "in_review": in_review,
        "offer": json.dumps(offer.stored()),
        "advocate_points": programme.advocate_points,
        "friend_points": programme.friend_points,
        "minimum_minor": offer.minimum_minor,
        "hold_days": rule_at(ctx, ctx.now).hold_days if hold is None else hold,
        "discount_code": None if offer.kind == NO_OFFER else new_discount_code(),
        "discount_state": "none" if offer.kind == NO_OFFER or in_review else "wanted",
        "now": ctx.now,
    }
    if ctx.db.scalar(_ADD, bound) is None:
        return None
    if bound["discount_state"] == "wanted":
        want_discount(ctx, claim_id)
    ctx.audit(REFERRAL_CLAIMED, claim_id=claim_id, in_review=in_review)
    ctx.track(REFERRAL_CLAIMED, in_review=in_review)
    ctx.stale(cache.points_tag(link.member))
    return claim_id


def want_discount(ctx: Context, claim_id: str) -> None:
    """Have the friend's discount code made in the shop."""
    ctx.emit("points.referral_claimed", claim_id, {"claim_id": claim_id})


_ADD = text(
    """
    insert into referral_claims (
        merchant_id, claim_id, code, advocate, store_id, external_id, email_hash, friend, state,
        in_review, offer, advocate_points, friend_points, minimum_minor, hold_days, discount_code,
        discount_state, claimed_at
    ) values (
        :merchant_id, :claim_id, :code, :advocate, :store_id, :external_id, :email_hash, :friend,
        'claimed', :in_review, cast(:offer as jsonb), :advocate_points, :friend_points,
        :minimum_minor, :hold_days, :discount_code, :discount_state, :now
    )
    on conflict do nothing
    returning claim_id
    """
)


def answer_of(ctx: Context, claim: Row[Any]) -> ReferralClaimed:
    """What the friend is told of a claim; the code only when the shop knows it."""
    said = IN_REVIEW if claim.in_review else CLAIMED
    made = claim.discount_state == "made"
    return ReferralClaimed(
        state="review" if claim.in_review else "claimed",
        message=i18n.text(ctx.locale, *said),
        claim_id=claim.claim_id,
        discount_code=claim.discount_code if made else None,
        discount_state=claim.discount_state,
    )


def _refused(ctx: Context, code: str, reason: str, message: ClaimReferral) -> ReferralClaimed:
    """Count the refusal, and say it; a guest is not told what we know of an address."""
    values = {
        "merchant_id": ctx.merchant_id,
        "code": code,
        "day": ctx.wall.date(),
        "reason": reason,
    }
    ctx.db.execute(_COUNT, values)
    shown = "not_new" if message.external_id is None and reason in _PERSONAL else reason
    said = i18n.text(ctx.locale, *REFUSALS[shown])
    return ReferralClaimed(state="refused", message=said, reason=shown)


_COUNT = text(
    """
    insert into referral_refusals as known (merchant_id, code, day, reason, refused)
    values (:merchant_id, :code, :day, :reason, 1)
    on conflict (merchant_id, code, day, reason) do update set refused = known.refused + 1
    """
)
