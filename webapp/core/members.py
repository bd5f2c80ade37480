"""What programs call a member or a store, and which one they mean."""

import re
from collections.abc import Iterable

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import CUSTOMER_AMBIGUOUS, CUSTOMER_NOT_FOUND, STORE_NOT_FOUND, AppError

_GID = re.compile(r"gid://shopify/Customer/([0-9]{1,19})", re.ASCII)

# Through the stores, because identities are indexed by store and external id.
_MEMBERS = text(
    """
select coalesce(merged_into, customer_id)
from users where merchant_id = :merchant_id and customer_id = :asked
union
select coalesce(u.merged_into, u.customer_id)
from stores s
join customer_identities i on i.merchant_id = s.merchant_id and i.store_id = s.store_id
join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
where s.merchant_id = :merchant_id and i.external_id = :external
limit 2
"""
)
_STORE = text(
    """
    select s.store_id from stores s
    where s.merchant_id = :merchant_id and :asked in (s.store_id, s.shop_domain)
    """
)


def find_member(ctx: Context, asked: str) -> str:
    """The member's own id for a member id, a Shopify GID, or a store's bare customer id.

    Raises AppError: customer_not_found; customer_ambiguous when several members answer to it.
    """
    gid = _GID.fullmatch(asked)
    values = {
        "merchant_id": ctx.merchant_id,
        "asked": asked,
        "external": gid[1] if gid else asked,
    }
    found = list(ctx.db.scalars(_MEMBERS, values))
    if not found:
        raise AppError(CUSTOMER_NOT_FOUND, customer=asked)
    if len(found) > 1:
        raise AppError(CUSTOMER_AMBIGUOUS, customer=asked)
    return str(found[0])


_MEMBER = text(
    """
    select coalesce(u.merged_into, u.customer_id)
    from customer_identities i
    join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
    where i.merchant_id = :merchant_id and i.store_id = :store_id and i.external_id = :external_id
    """
)


def member_of_identity(ctx: Context, store_id: str, external_id: str) -> str | None:
    """The member behind a store's customer, or None for somebody we have not met yet."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "external_id": external_id,
    }
    found: str | None = ctx.db.scalar(_MEMBER, values)
    return found


def find_stores(ctx: Context, asked: Iterable[str]) -> tuple[str, ...]:
    """Our ids of stores that are named by shop domain or store id, each once.

    Raises AppError(store_not_found) with the first that is unknown or another tenant's.
    """
    found: dict[str, None] = {}
    for name in asked:
        wanted = name.lower() if name.lower().endswith(".myshopify.com") else name
        store_id = ctx.db.scalar(_STORE, {"merchant_id": ctx.merchant_id, "asked": wanted})
        if store_id is None:
            raise AppError(STORE_NOT_FOUND, store=name)
        found[store_id] = None
    return tuple(found)
