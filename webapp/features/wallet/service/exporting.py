"""Exports cards: makes them, hands them over, and notes what came of it."""

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import jwt
from sqlalchemy import Row, text

from webapp.core.cache import wallet_tag
from webapp.core.context import Context
from webapp.core.errors import CUSTOMER_NOT_FOUND, AppError
from webapp.core.members import find_member
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.wallet.domain.failures import WALLET_UNAVAILABLE
from webapp.features.wallet.domain.google import class_suffix, object_id, save_claims
from webapp.features.wallet.messages import ExportToWallet, MetafieldCall, WalletExported
from webapp.features.wallet.models import WalletExport
from webapp.features.wallet.queries.cards import identity_of, standing
from webapp.features.wallet.queries.designs import designed
from webapp.features.wallet.service import google
from webapp.features.wallet.service.google import ask_for_object, waiting
from webapp.features.wallet.service.keys import demand, google_credentials, google_key
from webapp.features.wallet.service.links import LIFE, Link, link_to
from webapp.features.wallet.service.passes import Made, apple_pass, opened, referral_code, sealed

WALLET_EXPORTED, WALLET_EXPORT_FAILED = "wallet_exported", "wallet_export_failed"
WALLETS = {"apple": "Apple Wallet", "google": "Google Wallet"}
TOKEN_BYTES = 32


def export_to_wallet(ctx: Context, message: ExportToWallet) -> WalletExported:
    """The member's card, and the address at which their browser gets it. Each call is an export.

    Raises AppError: customer_not_found, customer_ambiguous, wallet_unavailable.
    """
    link = _link_of(ctx, message)
    demand(ctx, message.wallet_type)
    make_card(ctx, link, anew=True)
    return WalletExported(link_to(ctx, link))


def export_again(ctx: Context, message: ExportToWallet) -> WalletExported:
    """A fresh address of a card that was exported by the same call before, which is no export."""
    return WalletExported(link_to(ctx, _link_of(ctx, message)))


def note_failure(ctx: Context, message: ExportToWallet, error: AppError) -> None:
    """Note that a card was not to be had, whose member is known."""
    if error.kind is WALLET_UNAVAILABLE:
        record_failure(ctx, _link_of(ctx, message), error.kind.code)


def _link_of(ctx: Context, message: ExportToWallet) -> Link:
    member = find_member(ctx, message.customer_id)
    known = identity_of(ctx, member)
    if known is None:
        raise AppError(CUSTOMER_NOT_FOUND, customer=message.customer_id)
    return Link(
        merchant_id=ctx.merchant_id,
        wallet_type=message.wallet_type,
        member=member,
        store_id=known["store_id"],
        external_id=known["external_id"],
        locale=ctx.locale,
    )


def make_card(ctx: Context, link: Link, *, again: bool = True, anew: bool = False) -> WalletExport:
    """The card that a link asks for, made when there is none; one that has failed is tried `again`.
    It is an export unless there was one while the link was good, or one is asked for `anew`. Serial
    number and token of a card never change: the one on a telephone would hear of nothing any more.
    """
    found = _locked(ctx, link)
    card = ctx.db.get_one(WalletExport, (ctx.merchant_id, found.export_id), populate_existing=True)
    if anew or not found.fresh or (again and card.failure is not None):
        _export(ctx, card, link)
    return card


def _insert(ctx: Context, link: Link) -> None:
    # Whoever saves another design meanwhile makes this card anew as well.
    ctx.db.execute(_DESIGN, {"merchant_id": ctx.merchant_id})
    export_id = new_id("wlt_")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "merchant_id": ctx.merchant_id,
        "export_id": export_id,
        "customer_id": link.member,
        "store_id": link.store_id,
        "external_id": link.external_id,
        "wallet_type": link.wallet_type,
        "pass_data": json.dumps(sealed(ctx, export_id, {"authentication_token": token})),
        "wall": ctx.wall,
        "long_ago": ctx.wall - 2 * LIFE,
        "design_version": designed(ctx).version,
    }
    ctx.db.execute(_INSERT, values)


def _export(ctx: Context, card: WalletExport, link: Link) -> None:
    """Count an export, and let everybody know who has to."""
    stands = standing(ctx, card.customer_id)
    code = referral_code(ctx, stands.member)
    before = opened(ctx, card)
    data = {**before, "points_balance": stands.points, "referral_code": code}
    if card.exports and before.get("referral_code") != code:
        card.revision += 1
        card.modified_at = max(
            ctx.wall.replace(microsecond=0), card.modified_at + timedelta(seconds=1)
        )
    card.pass_data = sealed(ctx, card.export_id, data)
    card.exported_at, card.failure = ctx.wall, None
    card.exports += 1
    if card.exports == 1:
        card.card_version = stands.version
    ctx.db.flush()
    said = {"customer_id": stands.member, "wallet_type": card.wallet_type}
    ctx.audit(WALLET_EXPORTED, **said, points_balance=stands.points)
    ctx.track(WALLET_EXPORTED, wallet_type=card.wallet_type)
    key = f"{card.export_id}:{card.exports}"
    told = {
        "customer_id": stands.member,
        "store_id": link.store_id,
        "wallet": WALLETS[card.wallet_type],
    }
    ctx.emit("wallet.exported", key, told)
    ctx.emit("wallet.metafield_due", key, {"export_id": card.export_id})
    if card.wallet_type == "google":
        ask_for_object(ctx, [card.export_id])
    ctx.stale(wallet_tag(stands.member))


def _locked(ctx: Context, link: Link) -> Row[Any]:
    """The member's card of that kind, locked, the oldest where there are several after a merge;
    one that nobody has exported yet where there was none."""
    values = {
        "merchant_id": ctx.merchant_id,
        "member": link.member,
        "wallet_type": link.wallet_type,
        "since": ctx.wall - LIFE,
    }
    found = ctx.db.execute(_LOCK, values).one_or_none()
    if found is None:
        _insert(ctx, link)
        found = ctx.db.execute(_LOCK, values).one()
    return found


def hand_over(ctx: Context, link: Link, *, waiting: bool = False) -> Made | WalletExport:
    """What whoever opens a link gets: the file for an Apple telephone, or the card at Google, also
    one that has failed while they were `waiting`. Raises AppError(wallet_unavailable)."""
    demand(ctx, link.wallet_type)
    card = make_card(ctx, link, again=not waiting)
    if link.wallet_type == "apple":
        return apple_pass(ctx, card)
    return card


def save_url(ctx: Context, card: WalletExport, google_pay_url: str) -> str | None:
    """Where Google saves a card; None while Google has not been told of it."""
    key = google_key(google_credentials(ctx))
    if card.told_revision is None or card.told_issuer != key.issuer_id:
        return None
    of = f"{key.issuer_id}.{class_suffix(ctx.merchant_id)}"
    claims = save_claims(key.account, of, object_id(key.issuer_id, card.export_id), ctx.wall)
    token = jwt.encode(claims, key.private_key, algorithm="RS256")
    if card.added_at is None:
        card.added_at = ctx.wall
        ctx.db.flush()
    return f"{google_pay_url}/gp/v/save/{quote(token)}"


def record_failure(ctx: Context, link: Link, code: str) -> None:
    """Note that a card was not to be had, and why; it is offered again."""
    fail_card(ctx, _locked(ctx, link).export_id, code)


def give_up_class(ctx: Context) -> None:
    """Google does not take the merchant's programme: whoever waits for a card is told so."""
    for export_id in waiting(ctx, google_credentials(ctx).values["issuer_id"]):
        give_up_object(ctx, export_id)


def give_up_object(ctx: Context, export_id: str) -> None:
    """Google does not take a card: who waits for it is told so. One that somebody has already is as
    it was before, and follows with the next change."""
    if google.give_up_object(ctx, export_id):
        fail_card(ctx, export_id, "google_refused")


def fail_card(ctx: Context, export_id: str, code: str) -> None:
    """Count a failed export of a card."""
    card = ctx.db.get_one(WalletExport, (ctx.merchant_id, export_id), populate_existing=True)
    card.failures += 1
    card.failure = code
    ctx.db.flush()
    member = standing(ctx, card.customer_id).member
    ctx.audit(WALLET_EXPORT_FAILED, customer_id=member, wallet_type=card.wallet_type, reason=code)
    ctx.track(WALLET_EXPORT_FAILED, wallet_type=card.wallet_type, reason=code)
    ctx.stale(wallet_tag(member))


def prepare_metafield(ctx: Context, export_id: str) -> MetafieldCall | None:
    """What the shop is to know: that its customer has a card. None for customers whose id is not
    one of Shopify's, and for stores that we may not write to."""
    card = ctx.db.get_one(WalletExport, (ctx.merchant_id, export_id))
    store = ctx.db.get_one(Store, (ctx.merchant_id, card.store_id))
    customer = card.external_id or ""
    if store.access_token is None or not (customer.isascii() and customer.isdigit()):
        return None
    place = Store.token_place(ctx.merchant_id, store.store_id)
    value = {
        "wallet_type": card.wallet_type,
        "serial_hash": hashlib.sha256(export_id.encode()).hexdigest(),
        "exported_at": card.exported_at.isoformat(),
    }
    return MetafieldCall(
        store.shop_domain, ctx.keys.open(store.access_token, place), customer, value
    )


_DESIGN = text(
    "select pg_advisory_xact_lock_shared(hashtext('wallet design'), hashtext(:merchant_id))"
)
_INSERT = text(
    """
    insert into wallet_exports (
        merchant_id, export_id, customer_id, store_id, external_id, wallet_type, pass_data,
        created_at, exported_at, modified_at, design_version, exports
    )
    values (
        :merchant_id, :export_id, :customer_id, :store_id, :external_id, :wallet_type,
        cast(:pass_data as jsonb), :wall, :long_ago,
        date_trunc('second', cast(:wall as timestamptz)), :design_version, 0
    )
    on conflict (merchant_id, customer_id, wallet_type) where voided_at is null do nothing
    """
)
_LOCK = text(
    """
    select w.export_id, w.exported_at > :since and w.exports > 0 as fresh
    from users u
    join wallet_exports w on w.merchant_id = u.merchant_id and w.customer_id = u.customer_id
    where u.merchant_id = :merchant_id and (u.customer_id = :member or u.merged_into = :member)
      and w.wallet_type = :wallet_type and w.voided_at is null
    order by w.created_at, w.export_id limit 1
    for update of w
    """
)
