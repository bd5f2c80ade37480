"""The catalogue as members and merchants see it, and the codes of a member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from webapp.core.context import Context
from webapp.features.points.domain.rewards import offered
from webapp.features.points.queries.balances import spendable
from webapp.features.points.queries.tiers import names

# Codes that ended are shown for so long, and never more than so many.
SHOWN_FOR = timedelta(days=14)
MOST_CODES = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as it can be had at one store; amounts in minor units of `currency`."""

    reward_id: str
    name: str
    description: str
    points: int
    kind: str
    currency: str
    amount_minor: int | None
    percent: int | None
    minimum_minor: int | None
    sold_out: bool


@dataclass(frozen=True, slots=True)
class Code:
    """What a member had for points. `state` is `expired` from the moment the code ends;
    `expires_on` is the day of that in the store's zone."""

    redemption_id: str
    name: str
    state: str
    code: str
    points: int
    returned: bool
    reason: str | None
    shop_domain: str
    shop_name: str
    store_id: str
    expires_on: date
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a member can spend now and later, and the name of their tier. `version` rises with every
    change of it."""

    points: int
    pending: int
    tier: str | None
    version: int


EMPTY = Wallet(0, 0, None, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A reward on the dashboard, how often it was had, and how many codes of it can be used."""

    reward_id: str
    kind: str
    points: int
    amounts: Mapping[str, int]
    percent: int | None
    product: str | None
    minimums: Mapping[str, int]
    stores: Sequence[str] | None
    stock: int | None
    default_locale: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    valid_days: int
    return_on_expiry: str
    active: bool
    position: int
    redeemed: int
    open: int

    def name(self, locale: str) -> str:
        return self.names.get(locale) or self.names[self.default_locale]


@dataclass(frozen=True, slots=True)
class Where:
    """A store in which rewards can be had."""

    store_id: str
    name: str
    currency: str


def offers(ctx: Context, store_id: str) -> list[Offer]:
    """What can be had at a store, in the order of the catalogue, in the language of the context."""
    return [offer(row, ctx.locale) for row in offered_rows(ctx, store_id)]


def offered_rows(ctx: Context, store_id: str) -> list[Row[Any]]:
    """The rewards that can be had at a store, each with the store's currency."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    return [
        row
        for row in ctx.db.execute(_OFFERS, values)
        if offered(store_id, row.currency, row.kind, row.amounts, row.minimums, row.stores)
    ]


def offer(row: Any, locale: str) -> Offer:
    descriptions = row.descriptions
    return Offer(
        reward_id=row.reward_id,
        name=row.names.get(locale) or row.names[row.default_locale],
        description=descriptions.get(locale) or descriptions.get(row.default_locale, ""),
        points=row.points,
        kind=row.kind,
        currency=row.currency,
        amount_minor=row.amounts.get(row.currency) if row.kind == "amount_off" else None,
        percent=row.percent if row.kind == "percentage" else None,
        minimum_minor=row.minimums.get(row.currency),
        sold_out=row.stock == 0,
    )


def wallet(ctx: Context, member: str) -> Wallet:
    """The points of a member as they are at this moment."""
    values = {"merchant_id": ctx.merchant_id, "member": member}
    row = ctx.db.execute(_CARD, values).one_or_none()
    if row is None:
        return EMPTY
    tier = names(ctx, ctx.locale).get(row.tier) if row.tier else None
    return Wallet(spendable(ctx, member), row.pending, tier, row.version)


def codes(ctx: Context, member: str) -> list[Code]:
    """The open codes of a member, and those that ended lately, newest first: of every store
    customer that is the member today."""
    values = {
        "merchant_id": ctx.merchant_id,
        "member": member,
        "locale": ctx.locale,
        "now": ctx.now,
        "since": ctx.now - SHOWN_FOR,
        "most": MOST_CODES,
    }
    return [Code(*row) for row in ctx.db.execute(_CODES, values)]


def lines(ctx: Context) -> list[Line]:
    """The whole catalogue."""
    return [Line(*row) for row in ctx.db.execute(_LINES, {"merchant_id": ctx.merchant_id})]


def where(ctx: Context) -> list[Where]:
    """The merchant's stores, in the order of their names."""
    return [Where(*row) for row in ctx.db.execute(_WHERE, {"merchant_id": ctx.merchant_id})]


_OFFERS = text(
    """
    select r.*, s.currency
    from rewards r join stores s on s.merchant_id = r.merchant_id and s.store_id = :store_id
    where r.merchant_id = :merchant_id and r.active
    order by r.position, r.points, r.reward_id
    """
)

_CARD = text(
    """
    select pending, tier, version from customer_cards
    where merchant_id = :merchant_id and customer_id = :member
    """
)

_CODES = text(
    """
    select d.redemption_id, coalesce(r.names ->> :locale, r.names ->> r.default_locale),
           case when d.state = 'ready' and d.expires_at <= :now then 'expired' else d.state end,
           d.code, d.points, d.returned, d.reason, s.shop_domain,
           coalesce(s.name, s.shop_domain), d.store_id,
           (d.expires_at at time zone s.timezone)::date, d.changed_at
    from redemptions d
    join users u on u.merchant_id = d.merchant_id and u.customer_id = d.customer_id
    join rewards r on r.merchant_id = d.merchant_id and r.reward_id = d.reward_id
    join stores s on s.merchant_id = d.merchant_id and s.store_id = d.store_id
    where d.merchant_id = :merchant_id
      and (u.customer_id = :member or u.merged_into = :member)
      and (d.state in ('preparing', 'ready', 'cancelling') or d.changed_at > :since)
    order by d.state in ('preparing', 'ready', 'cancelling') desc, d.redeemed_at desc,
             d.redemption_id
    limit :most
    """
)

_LINES = text(
    """
    select r.reward_id, r.kind, r.points, r.amounts, r.percent, r.product, r.minimums, r.stores,
           r.stock, r.default_locale, r.names, r.descriptions, r.valid_days, r.return_on_expiry,
           r.active, r.position, coalesce(d.redeemed, 0), coalesce(d.open, 0)
    from rewards r
    left join (
        select reward_id, count(*) filter (where not returned) as redeemed,
               count(*) filter (where state in ('preparing', 'ready', 'cancelling')) as open
        from redemptions where merchant_id = :merchant_id group by reward_id
    ) d using (reward_id)
    where r.merchant_id = :merchant_id
    order by r.position, r.points, r.reward_id
    """
)

_WHERE = text(
    """
    select store_id, coalesce(name, shop_domain), currency from stores
    where merchant_id = :merchant_id
    order by coalesce(name, shop_domain), store_id
    """
)
