"""What cards say of their members, and which cards there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from webapp.core.context import Context
from webapp.features.wallet.models import WalletExport


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member's card shows of them, as `customer_cards` has it; `version` rises with it.
    `since` is the day on which they became known, in UTC."""

    member: str
    points: int
    tier: str | None
    version: int
    since: date


def standing(ctx: Context, customer_id: str) -> Standing:
    """Where the member stands who a customer is today; a member without any card has no points."""
    values = {"merchant_id": ctx.merchant_id, "customer_id": customer_id}
    row = ctx.db.execute(_STANDING, values).one()
    return Standing(row.member, row.points, row.tier, row.version, row.since.date())


def card_of(ctx: Context, export_id: str) -> WalletExport | None:
    """A card by its serial number."""
    return ctx.db.get(WalletExport, (ctx.merchant_id, export_id))


def cards_of(ctx: Context, member: str) -> Sequence[Row[Any]]:
    """(wallet type, failure) of the cards that a member has, those of all their homes."""
    values = {"merchant_id": ctx.merchant_id, "member": member}
    return ctx.db.execute(_CARDS, values).all()


@dataclass(frozen=True, slots=True)
class Figures:
    """How cards are used: members, those with a card on a device, exports that succeeded and that
    failed; and of the cards that are in use, how many there are, and have the newest design."""

    members: int
    holders: int
    exports: int
    failures: int
    cards: int
    newest: int


def figures(ctx: Context, design_version: int) -> Figures:
    """The figures of a merchant."""
    values = {"merchant_id": ctx.merchant_id, "version": design_version}
    return Figures(*ctx.db.execute(_FIGURES, values).one())


@dataclass(frozen=True, slots=True)
class Shop:
    """The store that a card names, and in whose App Proxy its code leads to a page."""

    store_id: str
    name: str
    shop_domain: str


def shop_of(ctx: Context, store_id: str) -> Shop:
    """The store of a card."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    return Shop(*ctx.db.execute(_SHOP, values).one())


def first_store(ctx: Context) -> str | None:
    """The merchant's oldest store, of those that we may write to if there are any."""
    found: str | None = ctx.db.scalar(_FIRST, {"merchant_id": ctx.merchant_id})
    return found


def identity_of(ctx: Context, member: str) -> Mapping[str, Any] | None:
    """The first (store, external id, home) by which a member is known, stores that we may write to
    first; None for a member who is known to no store."""
    values = {"merchant_id": ctx.merchant_id, "member": member}
    row = ctx.db.execute(_IDENTITY, values).mappings().first()
    return dict(row) if row else None


_STANDING = text(
    """
    select m.customer_id as member, coalesce(c.points, 0) as points, c.tier,
           coalesce(c.version, 0) as version, m.created_at as since
    from users u
    join users m on m.merchant_id = u.merchant_id
        and m.customer_id = coalesce(u.merged_into, u.customer_id)
    left join customer_cards c
        on c.merchant_id = m.merchant_id and c.customer_id = m.customer_id
    where u.merchant_id = :merchant_id and u.customer_id = :customer_id
    """
)
_CARDS = text(
    """
    select w.wallet_type, w.failure, w.added_at
    from users u
    join wallet_exports w on w.merchant_id = u.merchant_id and w.customer_id = u.customer_id
    where u.merchant_id = :merchant_id and w.voided_at is null
      and (u.customer_id = :member or u.merged_into = :member)
    """
)
_FIGURES = text(
    """
    select
        (select count(*) from customer_cards c join users u using (merchant_id, customer_id)
         where c.merchant_id = :merchant_id and u.merged_into is null),
        count(distinct coalesce(u.merged_into, u.customer_id))
            filter (where w.added_at is not null and w.voided_at is null),
        coalesce(sum(w.exports), 0)::bigint, coalesce(sum(w.failures), 0)::bigint,
        count(*) filter (where w.voided_at is null),
        count(*) filter (where w.voided_at is null and w.design_version = :version)
    from wallet_exports w
    join users u on u.merchant_id = w.merchant_id and u.customer_id = w.customer_id
    where w.merchant_id = :merchant_id
    """
)
_SHOP = text(
    """
    select store_id, coalesce(name, shop_domain), shop_domain from stores
    where merchant_id = :merchant_id and store_id = :store_id
    """
)
_FIRST = text(
    """
    select store_id from stores where merchant_id = :merchant_id
    order by access_token is null, created_at, store_id limit 1
    """
)
_IDENTITY = text(
    """
    select i.store_id, i.external_id, i.customer_id
    from users u
    join customer_identities i on i.merchant_id = u.merchant_id and i.customer_id = u.customer_id
    join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
    where u.merchant_id = :merchant_id
      and (u.customer_id = :member or u.merged_into = :member)
    order by s.access_token is null, u.customer_id <> :member, i.store_id, i.external_id
    limit 1
    """
)
