"""What a member has said about themselves, as they see it at one store."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.queries.sharing import read_sharing


@dataclass(frozen=True, slots=True)
class Linking:
    """How a member stands to being one over the stores that share (`shops`, their names): they are
    to be asked ("ask"), are one there or will be ("together"), or want to be kept apart. `said_at`
    is when they last said so at this store."""

    state: str
    shops: tuple[str, ...]
    said_at: datetime | None


def linking(ctx: Context, member: str, store_id: str) -> Linking | None:
    """None where this store shares with no other, and the member is linked with none."""
    sharing = read_sharing(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "member": member,
        "store_id": store_id,
        "domains": list(sharing.shared_stores),
    }
    row = ctx.db.execute(_LINKING, values).one()
    if row.linked < 2 and (not row.shares or len(row.shops) < 2):
        return None
    if row.refused:
        return Linking("apart", tuple(row.shops), row.said_at)
    waits = sharing.ask_members and not row.agreed and row.linked < 2
    return Linking("ask" if waits else "together", tuple(row.shops), row.said_at)


_LINKING = text(
    """
    with homes as materialized (
        select customer_id from users where merchant_id = :merchant_id and customer_id = :member
        union
        select customer_id from users where merchant_id = :merchant_id and merged_into = :member
    ), known as (
        select i.store_id, i.linking_consent, i.linking_consent_at
        from homes join customer_identities i
            on i.merchant_id = :merchant_id and i.customer_id = homes.customer_id
    )
    select
        (select count(distinct store_id) from known) as linked,
        (select bool_or(linking_consent) from known where store_id = :store_id) as agreed,
        (select bool_or(not linking_consent) from known where store_id = :store_id) as refused,
        (select max(linking_consent_at) from known where store_id = :store_id) as said_at,
        exists (
            select from stores where merchant_id = :merchant_id and store_id = :store_id
              and shop_domain = any(:domains)
        ) as shares,
        array(
            select coalesce(nullif(s.name, ''), split_part(s.shop_domain, '.', 1)) from stores s
            where s.merchant_id = :merchant_id and (
                s.shop_domain = any(:domains) or s.store_id in (select store_id from known)
            )
            order by 1
        ) as shops
    """
)


def birthday_named_at(ctx: Context, member: str) -> datetime | None:
    """When a member last named their birthday, at any of their homes; business time."""
    values = {"merchant_id": ctx.merchant_id, "member": member}
    found: datetime | None = ctx.db.scalar(_NAMED, values)
    return found


_NAMED = text(
    """
    select max(b.set_at) from birthdays b
    join users u on u.merchant_id = b.merchant_id and u.customer_id = b.customer_id
    where b.merchant_id = :merchant_id and (u.customer_id = :member or u.merged_into = :member)
    """
)
