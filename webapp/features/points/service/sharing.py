"""What the stores of a merchant share: chosen on a page, step by step, and each step can be undone.

A change writes the settings, an audit row and a line of its own; what has to be linked or parted
because of it follows in chunks, each of which commits with its cursor.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import STORE_NOT_FOUND, AppError
from webapp.core.members import find_stores
from webapp.core.words import new_id
from webapp.features.points.messages.failures import NOTHING_TO_UNDO
from webapp.features.points.messages.identities import Sharing
from webapp.features.points.queries.sharing import changes, read_sharing
from webapp.features.points.service.identities import unmerge_all
from webapp.features.points.service.matching import match_chunk

MULTI_STORE_CONFIG_UPDATED = "multi_store_config_updated"
SHARED_LEADERBOARD_UPDATED = "shared_leaderboard_updated"
# So many links are undone in one transaction.
LINKS_A_CHUNK = 100


def add_store(ctx: Context, store: str) -> None:
    """Let a store of the merchant share; its customers are linked from now on, those of the past
    as well. Raises AppError(store_not_found)."""
    store_id, domain = _own_store(ctx, store)
    sharing = _lock_sharing(ctx)
    if domain not in sharing.shared_stores:
        shared = tuple(sorted((*sharing.shared_stores, domain)))
        change_id = _change(ctx, sharing, replace(sharing, shared_stores=shared))
        _widen(ctx, [store_id], change_id)


def remove_store(ctx: Context, store: str) -> None:
    """Let a store share no more: nobody is linked with its customers any longer, who keep what
    they have. Who is one member already remains so. Raises AppError(store_not_found)."""
    _, domain = _own_store(ctx, store)
    sharing = _lock_sharing(ctx)
    if domain in sharing.shared_stores:
        shared = tuple(d for d in sharing.shared_stores if d != domain)
        _change(ctx, sharing, replace(sharing, shared_stores=shared))


def part_store(ctx: Context, store: str) -> None:
    """Part the members of a store that shares no more from their customers elsewhere, in the
    background. Raises AppError(store_not_found), also for a store that still shares."""
    store_id, domain = _own_store(ctx, store)
    if domain in read_sharing(ctx).shared_stores:
        raise AppError(STORE_NOT_FOUND, store=domain)
    ctx.audit(MULTI_STORE_CONFIG_UPDATED, parted=domain)
    _narrow(ctx, {"store_id": store_id})


def choose(ctx: Context, *, shared_leaderboard: bool, ask_members: bool) -> None:
    """Set what else is shared, and whether members are asked first. Who waited for being asked is
    linked when that is not wanted any more."""
    sharing = _lock_sharing(ctx)
    chosen = replace(sharing, shared_leaderboard=shared_leaderboard, ask_members=ask_members)
    if chosen == sharing:
        return
    change_id = _change(ctx, sharing, chosen)
    if sharing.ask_members and not ask_members:
        _widen(ctx, _ids_of(ctx, chosen.shared_stores), change_id)


def undo_change(ctx: Context, change_id: str) -> None:
    """Go back to what the settings were before the last change, which is named so that nobody
    undoes what they have not seen; the merges that came of it are undone in the background.

    Raises AppError(nothing_to_undo).
    """
    sharing = _lock_sharing(ctx)
    last = next((c for c in changes(ctx, 20) if c.undone_at is None), None)
    if last is None or last.change_id != change_id:
        raise AppError(NOTHING_TO_UNDO)
    values = {"merchant_id": ctx.merchant_id, "change_id": change_id, "wall": ctx.wall}
    ctx.db.execute(_UNDONE, values)
    _save(ctx, sharing, last.before)
    _narrow(ctx, {"change_id": change_id})
    before = set(last.before.shared_stores)
    waited = sharing.ask_members and not last.before.ask_members
    again = before if waited else before - set(sharing.shared_stores)
    _widen(ctx, _ids_of(ctx, again), None)


_UNDONE = text(
    """
    update sharing_changes set undone_at = :wall
    where merchant_id = :merchant_id and change_id = :change_id
    """
)


def look_again(ctx: Context) -> None:
    """Have the customers of all stores that share compared once more, for who became a member in
    another way than by the shop's own word, e.g. from a file."""
    shared = read_sharing(ctx).shared_stores
    if len(shared) > 1:
        _widen(ctx, _ids_of(ctx, shared), None)


def work_widened(ctx: Context, store_id: str, after: str, change_id: str | None) -> None:
    """Link one chunk of a store's customers, and ask for the next."""
    if change_id is not None and _is_undone(ctx, change_id):
        return
    last = match_chunk(ctx, store_id, after, change_id)
    if last is not None:
        _widen(ctx, [store_id], change_id, last)


def work_narrowed(ctx: Context, store_id: str | None, change_id: str | None) -> None:
    """Undo one chunk of the merges of a store or of a change, and ask for the next."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "change_id": change_id,
        "most": LINKS_A_CHUNK,
    }
    links = list(ctx.db.scalars(_OF_CHANGE if change_id else _OF_STORE, values))
    unmerge_all(ctx, links, "undo" if change_id else "store")
    if len(links) == LINKS_A_CHUNK:
        _narrow(ctx, {"change_id": change_id} if change_id else {"store_id": str(store_id)})


_OF_CHANGE = text(
    """
    select link_id from identity_links
    where merchant_id = :merchant_id and change_id = :change_id
      and kind = 'merge' and undone_by is null and reason <> 'shopify'
    order by link_id
    limit :most
    """
)

# What links a home of this store with one of another store.
_OF_STORE = text(
    """
    select l.link_id
    from identity_links l
    where l.merchant_id = :merchant_id and l.kind = 'merge' and l.undone_by is null
      and l.reason <> 'shopify' and (
        select count(*) from customer_identities i
        where i.merchant_id = l.merchant_id and i.customer_id in (l.kept_home, l.lost_home)
          and i.store_id = :store_id
      ) = 1
    order by l.link_id
    limit :most
    """
)


def _is_undone(ctx: Context, change_id: str) -> bool:
    """Whether a change is undone; if not, it is not before this transaction has ended."""
    sql = text(
        "select undone_at is not null from sharing_changes "
        "where merchant_id = :merchant_id and change_id = :change_id for share"
    )
    values = {"merchant_id": ctx.merchant_id, "change_id": change_id}
    return bool(ctx.db.scalar(sql, values))


def _own_store(ctx: Context, store: str) -> tuple[str, str]:
    (store_id,) = find_stores(ctx, [store])
    sql = text(
        "select shop_domain from stores where merchant_id = :merchant_id and store_id = :store_id"
    )
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    return store_id, str(ctx.db.scalar(sql, values))


def _ids_of(ctx: Context, domains: Iterable[str]) -> tuple[str, ...]:
    """Our ids of the stores with these domains; one that is gone is left out."""
    sql = text(
        """
        select store_id from stores
        where merchant_id = :merchant_id and shop_domain = any(:domains) order by store_id
        """
    )
    values = {"merchant_id": ctx.merchant_id, "domains": sorted(domains)}
    return tuple(ctx.db.scalars(sql, values))


def _lock_sharing(ctx: Context) -> Sharing:
    """The settings, which nobody else changes until this transaction ends."""
    ctx.db.execute(_MAKE, {"merchant_id": ctx.merchant_id})
    ctx.db.execute(_LOCK, {"merchant_id": ctx.merchant_id})
    return read_sharing(ctx)


_MAKE = text(
    """
    insert into program_settings (merchant_id) values (:merchant_id)
    on conflict (merchant_id) do nothing
    """
)
_LOCK = text("select 1 from program_settings where merchant_id = :merchant_id for no key update")


def _change(ctx: Context, before: Sharing, after: Sharing) -> str:
    """Note a change and carry it out; its id."""
    change_id = new_id("shg_")
    values = {
        "merchant_id": ctx.merchant_id,
        "change_id": change_id,
        "actor_kind": ctx.actor.kind,
        "actor_id": ctx.actor.id,
        "before": json.dumps(asdict(before)),
        "after": json.dumps(asdict(after)),
        "wall": ctx.wall,
    }
    ctx.db.execute(_NOTE, values)
    _save(ctx, before, after)
    return change_id


_NOTE = text(
    """
    insert into sharing_changes
        (merchant_id, change_id, actor_kind, actor_id, before, after, changed_at)
    values (:merchant_id, :change_id, :actor_kind, :actor_id, cast(:before as jsonb),
            cast(:after as jsonb), :wall)
    """
)


def _save(ctx: Context, before: Sharing, after: Sharing) -> None:
    values = {
        "merchant_id": ctx.merchant_id,
        "config": json.dumps(asdict(after)),
        "wall": ctx.wall,
    }
    ctx.db.execute(_SAVE, values)
    ctx.audit(MULTI_STORE_CONFIG_UPDATED, before=asdict(before), after=asdict(after))
    if before.shared_leaderboard != after.shared_leaderboard:
        ctx.audit(SHARED_LEADERBOARD_UPDATED, shared_leaderboard=after.shared_leaderboard)
        ctx.track(SHARED_LEADERBOARD_UPDATED, shared_leaderboard=after.shared_leaderboard)


# Keys that others have put there stay.
_SAVE = text(
    """
    update program_settings
    set multi_store_config = multi_store_config || cast(:config as jsonb), updated_at = :wall
    where merchant_id = :merchant_id
    """
)


def _widen(ctx: Context, store_ids: Iterable[str], change_id: str | None, after: str = "") -> None:
    """Have the customers of these stores, behind `after`, linked with the others."""
    for store_id in store_ids:
        payload = {"store_id": store_id, "after": after, "change_id": change_id}
        ctx.emit("sharing.widened", new_id("wid_"), payload)


def _narrow(ctx: Context, payload: Mapping[str, str]) -> None:
    """Have merges undone: those of a change, or those of a store with others."""
    ctx.emit("sharing.narrowed", new_id("nar_"), payload)
