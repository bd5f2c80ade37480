"""What the stores of a merchant share, and what was changed about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.messages.identities import Sharing


def read_sharing(ctx: Context) -> Sharing:
    """The shared settings as they are; nothing is shared before somebody has chosen so."""
    found = ctx.db.scalar(_CONFIG, {"merchant_id": ctx.merchant_id})
    return sharing_of(found or {})


_CONFIG = text("select multi_store_config from program_settings where merchant_id = :merchant_id")


def sharing_of(config: Mapping[str, Any]) -> Sharing:
    """The settings that a stored document holds."""
    return Sharing(
        tuple(config.get("shared_stores", ())),
        bool(config.get("shared_leaderboard", False)),
        bool(config.get("ask_members", False)),
    )


@dataclass(frozen=True, slots=True)
class StoreShared:
    """One store of the merchant on the page: `known` counts its customers, `linked` those who are
    one member with a customer of another store."""

    store_id: str
    shop_domain: str
    name: str
    currency: str
    shared: bool
    known: int
    linked: int


def stores_shared(ctx: Context) -> list[StoreShared]:
    """Every store of the merchant, by domain."""
    rows = ctx.db.execute(_STORES, {"merchant_id": ctx.merchant_id})
    return [StoreShared(*row) for row in rows]


_STORES = text(
    """
    with people as (
        select i.store_id, coalesce(u.merged_into, u.customer_id) as member
        from customer_identities i
        join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
        where i.merchant_id = :merchant_id
    ), linked as (
        select member from people group by member having count(distinct store_id) > 1
    ), counted as (
        select p.store_id, count(*) as known, count(l.member) as linked
        from people p left join linked l using (member)
        group by p.store_id
    )
    select s.store_id, s.shop_domain,
           coalesce(nullif(s.name, ''), split_part(s.shop_domain, '.', 1)), s.currency,
           coalesce(p.multi_store_config -> 'shared_stores' ? s.shop_domain, false),
           coalesce(c.known, 0), coalesce(c.linked, 0)
    from stores s
    left join program_settings p on p.merchant_id = s.merchant_id
    left join counted c on c.store_id = s.store_id
    where s.merchant_id = :merchant_id
    order by s.shop_domain
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the shared settings; `links` counts the merges that came of it and stand."""

    change_id: str
    before: Sharing
    after: Sharing
    changed_at: datetime
    undone_at: datetime | None
    links: int


def changes(ctx: Context, most: int) -> list[Change]:
    """The last changes, newest first."""
    rows = ctx.db.execute(_CHANGES, {"merchant_id": ctx.merchant_id, "most": most})
    return [
        Change(i, sharing_of(before), sharing_of(after), at, undone, links)
        for i, before, after, at, undone, links in rows
    ]


_CHANGES = text(
    """
    select c.change_id, c.before, c.after, c.changed_at, c.undone_at, (
        select count(*) from identity_links l
        where l.merchant_id = c.merchant_id and l.change_id = c.change_id
          and l.kind = 'merge' and l.undone_by is null
    )
    from sharing_changes c
    where c.merchant_id = :merchant_id
    order by c.changed_at desc, c.change_id desc
    limit :most
    """
)


@dataclass(frozen=True, slots=True)
class LinkLine:
    """One merge as the pages list it; `undone` says when it was parted, `final` that it cannot
    be."""

    link_id: str
    member: str
    kept: str
    lost: str
    reason: str
    actor_kind: str
    linked_at: datetime
    undone_at: datetime | None

    @property
    def final(self) -> bool:
        """Whether only Shopify could take it back."""
        return self.reason == "shopify"


def links(ctx: Context, most: int, homes: tuple[str, ...] | None = None) -> list[LinkLine]:
    """The last merges, newest first; with `homes` those that touch one of them."""
    values = {
        "merchant_id": ctx.merchant_id,
        "most": most,
        "homes": None if homes is None else list(homes),
    }
    return [LinkLine(*row) for row in ctx.db.execute(_LINKS, values)]


_LINKS = text(
    """
    select l.link_id, coalesce(u.merged_into, u.customer_id), l.kept, l.lost, l.reason,
           l.actor_kind, l.linked_at, p.linked_at
    from identity_links l
    join users u on u.merchant_id = l.merchant_id and u.customer_id = l.kept_home
    left join identity_links p on p.merchant_id = l.merchant_id and p.link_id = l.undone_by
    where l.merchant_id = :merchant_id and l.kind = 'merge' and (
        cast(:homes as text[]) is null or l.kept_home = any(:homes) or l.lost_home = any(:homes)
    )
    order by l.linked_at desc, l.link_id desc
    limit :most
    """
)
