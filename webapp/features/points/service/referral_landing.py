"""What the page behind a member's link shows a visitor."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from webapp.core.context import Context
from webapp.core.contract import Visitor
from webapp.features.points.domain.referrals import normal_code
from webapp.features.points.messages.referrals import Landing, Offer
from webapp.features.points.queries.referral_claims import (
    claim_by_id,
    claim_of_customer,
    owner_of,
)
from webapp.features.points.service.referral_settings import offer_at, read_referral_programme


def landing(ctx: Context, visitor: Visitor, written: str, claim_id: str) -> Landing:
    """The state of the page for this visitor. A guest's claim is found by its id, which only the
    page told them; who invites is nobody's business but the advocate's."""
    code = normal_code(written)
    owner = owner_of(ctx, code) if code else None
    if owner is None:
        return Landing("unknown")
    claim = _claim(ctx, visitor, code, claim_id)
    if claim is not None:
        return _claimed(code, claim, visitor)
    programme = read_referral_programme(ctx)
    if not programme.enabled:
        return Landing("off")
    own = visitor.customer_id == owner
    return Landing(
        state="own" if own else "open",
        code=code,
        offer=offer_at(ctx, programme, visitor.store_id),
        friend_points=programme.friend_points,
        signed_in=visitor.signed_in,
        address=f"https://{visitor.shop}{visitor.path_prefix}/r/{code}",
    )


def _claim(ctx: Context, visitor: Visitor, code: str, claim_id: str) -> Row[Any] | None:
    if visitor.external_id is not None:
        found = claim_of_customer(ctx, code, visitor.store_id, visitor.external_id)
        if found is not None:
            return found
    found = claim_by_id(ctx, claim_id) if claim_id else None
    # What a customer claimed is shown to nobody else, whoever knows its id.
    fits = found is not None and (found.code, found.store_id) == (code, visitor.store_id)
    return found if fits and found is not None and found.external_id is None else None


def _claimed(code: str, claim: Row[Any], visitor: Visitor) -> Landing:
    kept: Mapping[str, Any] = claim.offer
    state = "review" if claim.in_review else claim.state
    return Landing(
        state=state if state in ("review", "refused", "void") else "claimed",
        code=code,
        claim_id=claim.claim_id,
        offer=Offer(
            kept["kind"],
            int(kept["percentage"]),
            int(kept["amount_minor"]),
            claim.minimum_minor,
            kept["currency"],
        ),
        friend_points=claim.friend_points,
        discount_code=claim.discount_code if claim.discount_state == "made" else "",
        discount_state=claim.discount_state,
        signed_in=visitor.signed_in,
    )
