"""Keeps cards as their members are: what has changed is given a new revision, and every device that
holds it hears of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from webapp.core.cache import wallet_tag
from webapp.core.connections import credentials
from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.wallet.messages import PushCall
from webapp.features.wallet.models import WalletExport, WalletRegistration
from webapp.features.wallet.queries.cards import card_of
from webapp.features.wallet.queries.designs import designed
from webapp.features.wallet.service.devices import unregister
from webapp.features.wallet.service.google import ask_for_object
from webapp.features.wallet.service.keys import APPLE
from webapp.features.wallet.service.passes import opened, sealed

# A device hears of a card at most so often, however often the balance changes.
PUSH_GAP = timedelta(seconds=10)
CARDS_A_REISSUE = 500
# Changes of what all cards name are gathered for so long.
GATHERED_SECONDS = 60
# By then, whatever asked in the last moment is committed.
COMMITTED_SECONDS = 5


def follow(ctx: Context, customers: Iterable[str], *, anyway: bool = False) -> int:
    """Bring the cards of the members who these customers are up to date, with `anyway` also those
    that seem to be; how many it were."""
    values = {
        "anyway": anyway,
        "merchant_id": ctx.merchant_id,
        "customers": sorted(set(customers)),
        "wall": ctx.wall,
    }
    changed = ctx.db.execute(_FOLLOW, values).all()
    ctx.stale(*(wallet_tag(row.member) for row in changed))
    tell_holders(ctx, changed)
    return len(changed)


def tell_holders(ctx: Context, changed: Sequence[Row[Any]]) -> None:
    """Let the devices that hold these cards, and Google, know that they have changed."""
    ids = sorted(row.export_id for row in changed)
    if not ids:
        return
    values = {
        "merchant_id": ctx.merchant_id,
        "ids": ids,
        "wall": ctx.wall,
        "gap": PUSH_GAP,
    }
    due: defaultdict[float, list[tuple[str, dict[str, str]]]] = defaultdict(list)
    for row in ctx.db.execute(_PUSH, values):
        payload = {"export_id": row.export_id, "device": row.device_hash.hex()}
        wait = max(0.0, (row.pushed_at - ctx.wall).total_seconds())
        due[wait].append((new_id("psh_"), payload))
    for wait, calls in due.items():
        ctx.emit_all("wallet.push_due", calls, wait)
    ask_for_object(ctx, ids)


def prepare_push(ctx: Context, export_id: str, device: str) -> PushCall | None:
    """Whom to call; None for a device that does not hold the card any more, and without a key."""
    hashed = bytes.fromhex(device)
    values = {"merchant_id": ctx.merchant_id, "export_id": export_id, "device_hash": hashed}
    sealed_token = ctx.db.scalar(_TAKE, values)
    key = credentials(ctx, APPLE)
    if sealed_token is None or key is None:
        return None
    token = ctx.keys.open(
        sealed_token, WalletRegistration.place(ctx.merchant_id, export_id, hashed)
    )
    return PushCall(export_id, hashed, token, sealed_token, key.values["pass_type_id"], key)


def give_up_push(ctx: Context, export_id: str, device: str) -> None:
    """The device could not be called; the next change is told it again."""
    hashed = bytes.fromhex(device)
    values = {"merchant_id": ctx.merchant_id, "export_id": export_id, "device_hash": hashed}
    ctx.db.execute(_TAKE, values)


def forget_device(ctx: Context, call: PushCall) -> None:
    """The device does not hold the card any more, unless it has registered anew since it was
    called."""
    unregister(ctx, call.export_id, call.device_hash, call.sealed_token)


def welcome(ctx: Context, card: WalletExport) -> None:
    """What has changed between the moment when a device was given the card and that when it
    registered, nobody has told it."""
    if not follow(ctx, [card.customer_id]) and card.modified_at > card.exported_at:
        changed = ctx.db.execute(_CARD, {"m": ctx.merchant_id, "e": card.export_id}).all()
        tell_holders(ctx, changed)


def ask_to_reissue(ctx: Context) -> None:
    """Have every card of the merchant made anew, because what all of them name has changed. What
    is asked for within a minute is done once, at its end."""
    second = int(ctx.wall.timestamp())
    minute, left = second // GATHERED_SECONDS, GATHERED_SECONDS - second % GATHERED_SECONDS
    due_in = float(left + COMMITTED_SECONDS)
    ctx.emit("wallet.reissue_due", f"minute:{minute}", {"after": ""}, due_in)


def reissue(ctx: Context, after: str) -> None:
    """Give the next cards, in order of their serial numbers, a new revision; then ask for those
    that follow, so that it can be interrupted and goes on where it was."""
    values = {
        "merchant_id": ctx.merchant_id,
        "after": after,
        "most": CARDS_A_REISSUE,
        "version": designed(ctx).version,
        "wall": ctx.wall,
    }
    changed = ctx.db.execute(_REISSUE, values).all()
    tell_holders(ctx, changed)
    if len(changed) == CARDS_A_REISSUE:
        ctx.emit("wallet.reissue_due", new_id("rei_"), {"after": changed[-1].export_id})


def void_cards(ctx: Context, store_id: str, customers: Iterable[str]) -> int:
    """Make void the cards of a store's customers who are to be forgotten, so that they grey out
    and say nothing of anybody; how many there were."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": sorted(set(customers)),
        "wall": ctx.wall,
    }
    changed = ctx.db.execute(_VOID, values).all()
    for row in changed:
        card = card_of(ctx, row.export_id)
        if card is not None:
            _blank(ctx, card)
    tell_holders(ctx, changed)
    return len(changed)


def _blank(ctx: Context, card: WalletExport) -> None:
    """Keep of a card only what its devices prove themselves with: they have to hear of it."""
    ctx.db.refresh(card)
    token = opened(ctx, card)["authentication_token"]
    card.pass_data = sealed(ctx, card.export_id, {"authentication_token": token})
    card.external_id = None
    ctx.db.flush()


# By at least a second, because that is how finely HTTP tells when something was changed.
_LATER = """
    greatest(date_trunc('second', cast(:wall as timestamptz)), w.modified_at + interval '1 second')
"""
_FOLLOW = text(
    f"""
    with members as (
        select distinct coalesce(merged_into, customer_id) as member from users
        where merchant_id = :merchant_id and customer_id = any(:customers)
    ), homes as (
        select member, member as home from members
        union all
        select m.member, u.customer_id
        from members m join users u on u.merchant_id = :merchant_id and u.merged_into = m.member
    ), wrong as materialized (
        select w.export_id, h.member, c.version
        from homes h
        join wallet_exports w on w.merchant_id = :merchant_id and w.customer_id = h.home
        join customer_cards c on c.merchant_id = :merchant_id and c.customer_id = h.member
        where w.voided_at is null and (:anyway or w.card_version <> c.version)
        order by w.export_id
        for update of w
    )
    update wallet_exports w
    set revision = w.revision + 1, news_revision = w.revision + 1, card_version = wrong.version,
        modified_at = {_LATER}
    from wrong
    where w.merchant_id = :merchant_id and w.export_id = wrong.export_id
    returning w.export_id, wrong.member
    """  # noqa: S608 - made of constants
)
_PUSH = text(
    """
    update wallet_registrations
    set push_due = true, pushed_at = greatest(:wall, pushed_at + :gap)
    where merchant_id = :merchant_id and export_id = any(:ids) and not push_due
    returning export_id, device_hash, pushed_at
    """
)
_CARD = text(
    "select export_id from wallet_exports where merchant_id = :m and export_id = :e for update"
)
_TAKE = text(
    """
    update wallet_registrations set push_due = false
    where merchant_id = :merchant_id and export_id = :export_id and device_hash = :device_hash
    returning push_token
    """
)
_REISSUE = text(
    f"""
    with next as materialized (
        select export_id from wallet_exports
        where merchant_id = :merchant_id and export_id > :after and voided_at is null
        order by export_id limit :most
        for update
    )
    , changed as (
        update wallet_exports w
        set revision = w.revision + 1, design_version = :version, modified_at = {_LATER}
        from next
        where w.merchant_id = :merchant_id and w.export_id = next.export_id
        returning w.export_id
    )
    select export_id from changed order by export_id
    """  # noqa: S608 - made of constants
)
_VOID = text(
    f"""
    with theirs as materialized (
        select w.export_id
        from customer_identities i
        join wallet_exports w on w.merchant_id = i.merchant_id and w.customer_id = i.customer_id
        where i.merchant_id = :merchant_id and i.store_id = :store_id
          and i.external_id = any(:customers) and w.voided_at is null
        union
        select w.export_id from wallet_exports w
        where w.merchant_id = :merchant_id and w.store_id = :store_id
          and w.external_id = any(:customers) and w.voided_at is null
    ), locked as materialized (
        select w.export_id from wallet_exports w join theirs using (export_id)
        where w.merchant_id = :merchant_id
        order by w.export_id
        for update of w
    )
    update wallet_exports w
    set revision = w.revision + 1, voided_at = :wall, modified_at = {_LATER}
    from locked
    where w.merchant_id = :merchant_id and w.export_id = locked.export_id
    returning w.export_id
    """  # noqa: S608 - made of constants
)
