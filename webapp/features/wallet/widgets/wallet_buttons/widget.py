"""The buttons, in the order of the device, and a code for the telephone where there is none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webapp.core import i18n
from webapp.core.cache import wallet_tag
from webapp.core.context import Context
from webapp.core.contract import Visitor, Widget
from webapp.core.i18n import N_
from webapp.features.wallet import service
from webapp.features.wallet.domain.qr import qr_svg
from webapp.features.wallet.queries.cards import cards_of

# Where whoever runs the platform lays the badges that Apple and Google draw, which may not be drawn
# anew: <kind>/<language>.svg. Without one there is a button with words.
BADGES = Path(__file__).parents[5] / "static/wallet/badges"
LABELS = {
    "apple": N_("wallet_buttons.apple", "Add to Apple Wallet"),
    "google": N_("wallet_buttons.google", "Add to Google Wallet"),
}
# What screen readers say: what is exported, and where to.
SAID = {
    "apple": N_("wallet_buttons.apple_said", "Export loyalty balance to Apple Wallet"),
    "google": N_("wallet_buttons.google_said", "Export loyalty balance to Google Wallet"),
}
ORDER = {"android": ("google", "apple")}
# What has no wallet shows a code for the telephone.
SCANNED = "other"
# A little before the links end, the buttons are asked for anew.
FRESH_SECONDS = int(service.LIFE.total_seconds()) - 90


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any]:
    member = visitor.customer_id
    kinds = [
        kind
        for kind in ORDER.get(visitor.device, ("apple", "google"))
        if service.can_export(ctx, kind)
    ]
    states = {row.wallet_type: row for row in cards_of(ctx, member)} if member else {}
    return {
        "signed_in": visitor.signed_in,
        "member": member is not None,
        "buttons": [button(ctx, visitor, member, kind, states) for kind in kinds] if member else [],
        "scan": visitor.device == SCANNED,
        "seconds": FRESH_SECONDS,
    }


def button(
    ctx: Context, visitor: Visitor, member: str, kind: str, states: Mapping[str, Any]
) -> Mapping[str, Any]:
    """One button: where it leads, what it says, and the code by which a telephone gets there."""
    link = service.Link(
        merchant_id=ctx.merchant_id,
        wallet_type=kind,
        member=member,
        store_id=visitor.store_id,
        external_id=visitor.external_id or "",
        locale=ctx.locale,
    )
    href = service.link_to(ctx, link)
    size, _, path = qr_svg(href).partition(" ") if visitor.device == SCANNED else ("", "", "")
    state = states.get(kind)
    return {
        "kind": kind,
        "wallet": service.WALLETS[kind],
        "href": href,
        "label": i18n.text(ctx.locale, *LABELS[kind]),
        "said": i18n.text(ctx.locale, *SAID[kind]),
        "badge": badge(ctx, kind),
        "added": state is not None and state.added_at is not None,
        "failed": state is not None and state.failure is not None,
        "qr": {"size": size, "path": path},
    }


def badge(ctx: Context, kind: str) -> str | None:
    """The address of the official badge in the language, where it was laid."""
    name = f"{kind}/{ctx.locale}.svg"
    return f"{ctx.base_url}/static/wallet/badges/{name}" if (BADGES / name).exists() else None


def tags(visitor: Visitor) -> tuple[str, ...]:
    return (wallet_tag(visitor.customer_id),) if visitor.customer_id else ()


WIDGET = Widget(load, N_("wallet_buttons.schema.name", "Wallet buttons"), tags, by_device=True)
