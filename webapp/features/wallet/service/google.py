"""What Google is told of programmes and cards."""

from collections.abc import Iterable

from sqlalchemy import text

from webapp.core.connections import Credentials, credentials
from webapp.core.context import Context
from webapp.core.errors import NOT_FOUND, AppError
from webapp.core.words import new_id
from webapp.features.wallet.domain.google import (
    Programme,
    class_suffix,
    fingerprint,
    loyalty_class,
    loyalty_object,
    may_alert,
)
from webapp.features.wallet.messages import GoogleCall
from webapp.features.wallet.models import WalletExport
from webapp.features.wallet.queries.cards import first_store
from webapp.features.wallet.queries.designs import designed, picture
from webapp.features.wallet.service.keys import GOOGLE
from webapp.features.wallet.service.looks import (
    Common,
    common,
    fingerprint_of,
    google_picture,
)
from webapp.features.wallet.service.passes import said_by

PICTURES = "/wallet/pictures/"
OWN_LOGO = "own-logo"


def ask_for_class(ctx: Context) -> None:
    """Have Google told what the merchant's programme looks like."""
    ctx.emit("wallet.class_due", new_id("gcl_"), {})


def ask_for_object(ctx: Context, export_ids: Iterable[str]) -> None:
    """Have Google told of these of its cards as they are then. What is on its way already is not
    asked for twice."""
    values = {"merchant_id": ctx.merchant_id, "ids": list(export_ids)}
    due = sorted(ctx.db.scalars(_DUE, values))
    told = [(new_id("gob_"), {"export_id": one}) for one in due]
    ctx.emit_all("wallet.object_due", told)


def prepare_class(ctx: Context) -> GoogleCall | None:
    """The merchant's programme; None when Google knows it as it is, and while there is no store
    or no key."""
    store_id = first_store(ctx)
    if store_id is None:
        return None
    key = credentials(ctx, GOOGLE)
    if key is None:
        return None
    body = loyalty_class(programme_of(ctx, key, common(ctx, store_id)))
    known = ctx.db.scalar(_CLASS, {"merchant_id": ctx.merchant_id})
    if known == fingerprint(body):
        return None
    return GoogleCall("loyaltyClass", body, known is not None, key)


def settle_class(ctx: Context, call: GoogleCall) -> None:
    """Google knows the programme now, so it can be told of the cards that wait for it: those that
    it has not been told of, or that another issuer was."""
    values = {
        "merchant_id": ctx.merchant_id,
        "fingerprint": fingerprint(call.body),
        "issuer_id": call.credentials.values["issuer_id"],
        "wall": ctx.wall,
    }
    ctx.db.execute(_TOLD_CLASS, values)
    ask_for_object(ctx, waiting(ctx, values["issuer_id"]))


def waiting(ctx: Context, issuer_id: str) -> list[str]:
    """The cards that this issuer has not told Google of."""
    values = {"merchant_id": ctx.merchant_id, "issuer_id": issuer_id}
    return [str(one) for one in ctx.db.scalars(_WAITING, values)]


def give_up_object(ctx: Context, export_id: str) -> bool:
    """Google could not be told of a card. What changes next is told again; whether nobody has the
    card yet."""
    values = {"merchant_id": ctx.merchant_id, "export_id": export_id}
    return bool(ctx.db.scalar(_NOT_DUE, values))


def prepare_object(ctx: Context, export_id: str) -> GoogleCall | None:
    """A card as it is now; None when Google knows it so, or does not know the programme yet, which
    is then told first. News may alert the holder three times a day."""
    ctx.db.execute(_NOT_DUE, {"merchant_id": ctx.merchant_id, "export_id": export_id})
    card = ctx.db.get_one(WalletExport, (ctx.merchant_id, export_id), populate_existing=True)
    key = credentials(ctx, GOOGLE)
    if key is None:
        return None
    issuer_id = key.values["issuer_id"]
    if ctx.db.scalar(_ISSUER, {"merchant_id": ctx.merchant_id}) != issuer_id:
        ask_for_class(ctx)
        return None
    known = card.told_revision is not None and card.told_issuer == issuer_id
    told = int(card.told_revision or 0)
    if known and told >= card.revision:
        return None
    said = said_by(ctx, card)
    body = loyalty_object(programme_of(ctx, key, said.common), export_id, said.facts)
    alerts = card.notified
    if known and card.news_revision > told and said.facts is not None:
        allowed, alerts = may_alert(card.notified, ctx.wall)
        if allowed:
            body["notifyPreference"] = "NOTIFY_ON_UPDATE"
    return GoogleCall("loyaltyObject", body, known, key, export_id, card.revision, tuple(alerts))


def settle_object(ctx: Context, call: GoogleCall) -> None:
    """Google knows the card as it was when it was told."""
    card = ctx.db.get_one(WalletExport, (ctx.merchant_id, call.export_id), populate_existing=True)
    card.told_revision, card.notified = call.revision, list(call.alerts)
    card.told_issuer = call.credentials.values["issuer_id"]
    ctx.db.flush()


def programme_picture(ctx: Context, version: str, name: str) -> bytes:
    """A picture of the merchant's programme as it is now: `logo` or `hero` as Google fetches it, or
    `own-logo`, as it was uploaded. Raises AppError(not_found), also for another version."""
    found = designed(ctx)
    if version != fingerprint_of(found):
        raise AppError(NOT_FOUND)
    if name != OWN_LOGO:
        return google_picture(ctx, found, name)
    own = picture(ctx, "logo", found.logo)
    if own is None:
        raise AppError(NOT_FOUND)
    return own


def programme_of(ctx: Context, key: Credentials, of: Common) -> Programme:
    """The merchant's programme as Google knows it. The addresses of its pictures change with
    them, because Google keeps what it has fetched."""
    pictures = f"{ctx.base_url}{PICTURES}{ctx.merchant_id}/{fingerprint_of(of.designed)}"
    return Programme(
        issuer_id=key.values["issuer_id"],
        class_suffix=class_suffix(ctx.merchant_id),
        look=of.look,
        logo_url=f"{pictures}/logo.png",
        hero_url=f"{pictures}/hero.png",
        tiers=of.tiers,
        rewards=of.rewards,
        terms=of.design.terms,
    )


_DUE = text(
    """
    update wallet_exports set google_due = true
    where merchant_id = :merchant_id and export_id = any(:ids) and wallet_type = 'google'
      and not google_due
    returning export_id
    """
)
_NOT_DUE = text(
    """
    update wallet_exports set google_due = false
    where merchant_id = :merchant_id and export_id = :export_id
    returning told_revision is null
    """
)
_CLASS = text("select fingerprint from wallet_classes where merchant_id = :merchant_id")
_ISSUER = text("select issuer_id from wallet_classes where merchant_id = :merchant_id")
_WAITING = text(
    """
    select export_id from wallet_exports
    where merchant_id = :merchant_id and wallet_type = 'google' and exports > 0
      and (told_revision is null or told_issuer is distinct from :issuer_id)
    """
)
_TOLD_CLASS = text(
    """
    insert into wallet_classes (merchant_id, fingerprint, issuer_id, told_at)
    values (:merchant_id, :fingerprint, :issuer_id, :wall)
    on conflict (merchant_id) do update
    set fingerprint = excluded.fingerprint, issuer_id = excluded.issuer_id,
        told_at = excluded.told_at
    """
)
