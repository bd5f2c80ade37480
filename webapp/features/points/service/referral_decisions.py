"""What people decide about claims: the merchant on those that wait for review, friends on what we
may know of them."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.errors import NOT_FOUND, AppError
from webapp.features.points.service.referral_claims import want_discount

REFERRAL_REVIEWED = "referral_reviewed"


def review_claim(ctx: Context, claim_id: str, *, approved: bool) -> None:
    """Decide on a claim that waits for a person: go on with it where it stands, or refuse it.
    Raises AppError(not_found) when it does not wait any more."""
    sql = _APPROVED if approved else _REFUSED
    values = {"merchant_id": ctx.merchant_id, "claim_id": claim_id, "now": ctx.now}
    found = ctx.db.execute(sql, values).one_or_none()
    if found is None:
        raise AppError(NOT_FOUND)
    if found.discount_state == "wanted":
        want_discount(ctx, claim_id)
    ctx.audit(REFERRAL_REVIEWED, claim_id=claim_id, approved=approved)
    ctx.stale(cache.points_tag(found.advocate))


_APPROVED = text(
    """
    update referral_claims
    set in_review = false, state = case when state = 'ordered' then 'held' else state end,
        discount_state = case when discount_code is not null and state = 'claimed'
            then 'wanted' else discount_state end
    where merchant_id = :merchant_id and claim_id = :claim_id and in_review
      and state in ('claimed', 'ordered')
    returning advocate, discount_state
    """
)
_REFUSED = text(
    """
    update referral_claims
    set in_review = false, state = 'refused', reason = 'review', decided_at = :now
    where merchant_id = :merchant_id and claim_id = :claim_id and in_review
      and state in ('claimed', 'ordered')
    returning advocate, discount_state
    """
)


def forget_friends(
    ctx: Context, store_id: str, customers: Sequence[str], claims: Sequence[str] = ()
) -> None:
    """Forget who claimed, for customers whose data a shop wants erased, and for `claims` that are
    named; a claim that still waited for their order is void."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": list(customers),
        "claims": list(claims),
    }
    ctx.db.execute(_FORGET, values)


_FORGET = text(
    """
    with erased as (
        select external_id from unnest(cast(:customers as text[])) as asked(external_id)
    )
    update referral_claims c
    set external_id = null, email_hash = null,
        state = case when c.state = 'claimed' then 'void' else c.state end,
        reason = case when c.state = 'claimed' then 'erased' else c.reason end
    where c.merchant_id = :merchant_id and (
        (c.store_id = :store_id and c.external_id in (select external_id from erased))
        or c.claim_id = any(cast(:claims as text[]))
        or c.friend in (
            select i.customer_id from customer_identities i join erased using (external_id)
            where i.merchant_id = :merchant_id and i.store_id = :store_id
        )
    )
    """
)
