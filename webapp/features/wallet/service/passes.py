"""Makes cards: who they are of, what they say, and the bytes that a telephone takes."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.core import discovery
from webapp.core.context import Context
from webapp.features.wallet.domain import pass_json
from webapp.features.wallet.domain.pass_json import Facts
from webapp.features.wallet.models import WalletExport
from webapp.features.wallet.queries.cards import standing
from webapp.features.wallet.service.keys import (
    apple_credentials,
    is_production,
    issuer_of,
    signer_of,
)
from webapp.features.wallet.service.looks import Common, common, facts_of, template_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a card has in common with others, and what it says; nothing when it is void."""

    common: Common
    facts: Facts | None
    version: int


@dataclass(frozen=True, slots=True)
class Made:
    """A card as a telephone takes it, and when what it says was changed."""

    content: bytes
    modified_at: datetime


def said_by(ctx: Context, card: WalletExport) -> Said:
    """What a card says now. The code by which its member brings friends is the one it was exported
    with, or the member's own where there was none then."""
    of = common(ctx, card.store_id)
    if card.voided_at is not None:
        return Said(of, None, card.card_version)
    stands = standing(ctx, card.customer_id)
    code = opened(ctx, card).get("referral_code") or referral_code(ctx, stands.member)
    return Said(of, facts_of(of, stands, code), stands.version)


def apple_pass(ctx: Context, card: WalletExport) -> Made:
    """The `.pkpass` of a card. Raises AppError(wallet_unavailable)."""
    key, said = apple_credentials(ctx), said_by(ctx, card)
    signer = signer_of(key, ctx.wall, production=is_production(ctx))
    token = str(opened(ctx, card)["authentication_token"])
    written = pass_json.encode(
        pass_json.pass_json(
            issuer_of(ctx, key), card.export_id, token, said.common.look, said.facts
        )
    )
    template = template_of(ctx, said.common)
    manifest = template.manifest(written)
    content = template.assemble(written, manifest, signer.sign(manifest))
    return Made(content, card.modified_at)


def opened(ctx: Context, card: WalletExport) -> dict[str, Any]:
    """What is kept of a card, opened."""
    place = WalletExport.place(ctx.merchant_id, card.export_id)
    found: dict[str, Any] = json.loads(ctx.keys.open_envelope(card.pass_data, place))
    return found


def sealed(ctx: Context, export_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a card, sealed."""
    plain = json.dumps(data, separators=(",", ":"))
    return ctx.keys.seal_envelope(plain, WalletExport.place(ctx.merchant_id, export_id))


def referral_code(ctx: Context, member: str) -> str | None:
    """The code by which the member brings friends."""
    return discovery.programme().referral_code(ctx, member)
