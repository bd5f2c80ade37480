"""Making one member of two, and two of one again.

Only `users.merged_into` and the log change: entries, lots and orders stay with their homes, so a
balance is one of all homes after a merge, and each home's own after a parting. Both lock the rows
of the members first, in the order of their ids, as everything does that moves points.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import AppError
from webapp.core.words import new_id
from webapp.features.points.domain.linking import Apart, Wish, ending, join
from webapp.features.points.messages.failures import LINK_ENDED, LINK_NOT_FOUND, MEMBERS_ALREADY_ONE
from webapp.features.points.service import ledger

MEMBERS_MERGED = "members_merged"
MEMBERS_PARTED = "members_parted"
# A merge inside one shop was made in Shopify, where it cannot be taken back.
FINAL = "shopify"


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the log, see `models.IdentityLink`."""

    link_id: str
    kind: str
    kept: str
    lost: str
    kept_home: str
    lost_home: str
    homes: tuple[str, ...]
    stayed: tuple[str, ...]
    reason: str
    change_id: str | None


def merge(ctx: Context, kept: str, lost: str, reason: str) -> str:
    """Make one member of two, named by any of their homes; `kept` is on the side of who remains.
    The link's id.

    Raises AppError: customer_not_found; members_already_one.
    """
    links = merge_all(ctx, [Wish(kept, lost, reason)])
    if not links:
        raise AppError(MEMBERS_ALREADY_ONE)
    return links[0].link_id


def merge_all(ctx: Context, wishes: Sequence[Wish], apart: Sequence[Apart] = ()) -> list[Link]:
    """Merge pairs in their order, in a few statements for all of them; what is one member by then,
    and what must stay `apart`, is left as it is. Emits `members.merged {member, homes, link_id}`
    for each link."""
    holders = ledger.lock_members(ctx, {home for w in wishes for home in (w.kept, w.lost)})
    member_of = {asked: holder.member for asked, holder in holders.items()}
    homes_of = {holder.member: holder.homes for holder in holders.values()}
    links = [
        Link(
            link_id=new_id("lnk_"),
            kind="merge",
            kept=joined.kept,
            lost=joined.lost,
            kept_home=joined.wish.kept,
            lost_home=joined.wish.lost,
            homes=joined.homes,
            stayed=joined.stayed,
            reason=joined.wish.reason,
            change_id=joined.wish.change_id,
        )
        for joined in join(member_of, homes_of, wishes, apart)
    ]
    under = {link.lost: link.kept for link in links}
    if not links:
        return []
    _write(ctx, links)
    _move(ctx, {home: ending(under, link.kept) for link in links for home in link.homes})
    ctx.emit_all("members.merged", _noted(ctx, MEMBERS_MERGED, links))
    return links


def unmerge(ctx: Context, link_id: str, reason: str = "merchant") -> str:
    """Part what one merge had brought together; other merges of either side stand. The id of the
    parting. What a person parted is not linked again by itself.

    Raises AppError: link_not_found; link_ended when it is undone already, or cannot be undone.
    """
    parted = unmerge_all(ctx, [link_id], reason)
    if not parted:
        raise AppError(LINK_ENDED)
    return parted[0].link_id


def unmerge_all(ctx: Context, link_ids: Iterable[str], reason: str) -> list[Link]:
    """Undo these merges in the order of their ids; those that are undone already or were made in
    Shopify are left. Emits `members.parted {member, homes, link_id}` for each, where `member` is
    who was parted from, and `homes` are those who left and are a member of their own now.

    Raises AppError(link_not_found) for an id that is no merge of this merchant.
    """
    wanted = sorted(set(link_ids))
    if not wanted:
        return []
    ledger.lock_members(ctx, _sides(ctx, wanted))
    parted = [part for link_id in wanted if (part := _part(ctx, link_id, reason)) is not None]
    if not parted:
        return []
    ctx.emit_all("members.parted", _noted(ctx, MEMBERS_PARTED, parted))
    return parted


def _part(ctx: Context, link_id: str, reason: str) -> Link | None:
    """Undo one merge whose members are locked."""
    values = {"merchant_id": ctx.merchant_id, "link_id": link_id}
    row = ctx.db.execute(_STANDING, values).one_or_none()
    if row is None or row.reason == FINAL:
        return None
    ends = {**values, "lost_home": row.lost_home, "kept_home": row.kept_home}
    one = tuple(ctx.db.scalars(_SIDE, {**ends, "home": row.kept_home}))
    other = tuple(ctx.db.scalars(_SIDE, {**ends, "home": row.lost_home}))
    stayed, homes = (one, other) if row.member in one else (other, one)
    again = next(home for home in (row.lost, row.kept, *homes) if home in homes)
    part = Link(
        link_id=new_id("lnk_"),
        kind="part",
        kept=row.member,
        lost=again,
        kept_home=row.kept_home,
        lost_home=row.lost_home,
        homes=homes,
        stayed=stayed,
        reason=reason,
        change_id=row.change_id,
    )
    _write(ctx, [part])
    ctx.db.execute(_UNDO, {**values, "undone_by": part.link_id})
    _move(ctx, dict.fromkeys(homes, again))
    return part


_STANDING = text(
    """
    select l.kept, l.lost, l.kept_home, l.lost_home, l.reason, l.change_id,
           coalesce(u.merged_into, u.customer_id) as member
    from identity_links l
    join users u on u.merchant_id = l.merchant_id and u.customer_id = l.kept_home
    where l.merchant_id = :merchant_id and l.link_id = :link_id
      and l.kind = 'merge' and l.undone_by is null
    """
)

# The homes that are one person with `home` even without this link.
_SIDE = text(
    """
    with recursive side(home) as (
        select cast(:home as text)
        union
        select case when l.kept_home = side.home then l.lost_home else l.kept_home end
        from side
        join identity_links l on l.merchant_id = :merchant_id
            and (l.kept_home = side.home or l.lost_home = side.home)
        where l.kind = 'merge' and l.undone_by is null and l.link_id <> :link_id
    )
    select home from side order by home
    """
)

_UNDO = text(
    """
    update identity_links set undone_by = :undone_by
    where merchant_id = :merchant_id and link_id = :link_id
    """
)


def _sides(ctx: Context, link_ids: Sequence[str]) -> set[str]:
    """Both homes of these merges. Raises AppError(link_not_found)."""
    values = {"merchant_id": ctx.merchant_id, "ids": link_ids}
    found = list(ctx.db.execute(_SIDES, values))
    if len(found) != len(link_ids):
        raise AppError(LINK_NOT_FOUND)
    return {home for kept, lost in found for home in (kept, lost)}


_SIDES = text(
    """
    select kept_home, lost_home from identity_links
    where merchant_id = :merchant_id and link_id = any(:ids) and kind = 'merge'
    """
)


def _write(ctx: Context, links: Sequence[Link]) -> None:
    """Add rows to the log."""
    values = {
        "merchant_id": ctx.merchant_id,
        "rows": json.dumps([asdict(link) for link in links]),
        "actor_kind": ctx.actor.kind,
        "actor_id": ctx.actor.id,
        "now": ctx.now,
    }
    ctx.db.execute(_ADD, values)


_ADD = text(
    """
    insert into identity_links (
        merchant_id, link_id, kind, kept, lost, kept_home, lost_home, homes, stayed, reason,
        change_id, actor_kind, actor_id, linked_at
    )
    select :merchant_id, r.link_id, r.kind, r.kept, r.lost, r.kept_home, r.lost_home, r.homes,
           r.stayed, r.reason, r.change_id, :actor_kind, :actor_id, :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        link_id text, kind text, kept text, lost text, kept_home text, lost_home text,
        homes text[], stayed text[], reason text, change_id text
    )
    """
)


def _move(ctx: Context, member_of: Mapping[str, str]) -> None:
    """Let each home belong to that member; a member belongs to nobody."""
    homes = sorted(member_of)
    values = {
        "merchant_id": ctx.merchant_id,
        "homes": homes,
        "members": [member_of[home] for home in homes],
    }
    ctx.db.execute(_REPOINT, values)


_REPOINT = text(
    """
    update users u set merged_into = nullif(moved.member, moved.home)
    from unnest(cast(:homes as text[]), cast(:members as text[])) as moved(home, member)
    where u.merchant_id = :merchant_id and u.customer_id = moved.home
    """
)


def _noted(ctx: Context, action: str, links: Sequence[Link]) -> list[tuple[str, Mapping[str, Any]]]:
    """Bring the cards of both sides up to date, and give what is to be said of each link."""
    ledger.changed(ctx, {member for link in links for member in (link.kept, link.lost)})
    told: list[tuple[str, Mapping[str, Any]]] = []
    for link in links:
        payload = {"member": link.kept, "homes": list(link.homes), "link_id": link.link_id}
        ctx.audit(action, **payload, reason=link.reason)
        told.append((link.link_id, payload))
    return told
