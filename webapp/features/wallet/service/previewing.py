"""Addresses of previews of cards: a design and a language, sealed by the dashboard for an hour, so
that a frame inside Shopify's admin needs no session."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.messages import decode, encode
from webapp.core.sealed_addresses import open_address, seal_address
from webapp.features.wallet.domain.qr import qr_svg
from webapp.features.wallet.domain.words import in_order, strings
from webapp.features.wallet.messages import Design
from webapp.features.wallet.queries.cards import Standing
from webapp.features.wallet.queries.designs import Designed, designed
from webapp.features.wallet.service.looks import common, facts_of, fingerprint_of

LIFE = timedelta(hours=1)
SAMPLE_POINTS = 1_250
MOST_PREVIEWED = 400
SAMPLE_CODE = "ABCD-EFGH"
KIND = "wallet preview"


@dataclass(frozen=True, slots=True)
class PreviewAsked:
    """What a card of a merchant would look like in a language; a wallet's kind decides its form."""

    merchant_id: str
    store_id: str
    locale: str
    design: Design


def seal_preview(ctx: Context, store_id: str, locale: str, design: Design) -> str:
    """The last part of a preview's address, which has only the beginning of the terms that are
    shown: servers take no long addresses."""
    first = next(iter(in_order(design.terms)), "")
    shown = locale if design.terms.get(locale) else first
    terms = {shown: design.terms[shown][:MOST_PREVIEWED]} if shown else {}
    short = replace(design, terms=terms)
    said = {"m": ctx.merchant_id, "s": store_id, "l": locale, "d": encode(short)}
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return seal_address(ctx, KIND, written, LIFE)


def open_preview(keys: KeyRing, token: str, wall: datetime) -> PreviewAsked:
    """What an address asks for. Raises AppError(not_found) for one that is not ours, or too old."""
    said = json.loads(open_address(keys, KIND, token, wall))
    return PreviewAsked(said["m"], said["s"], said["l"], decode(Design, said["d"]))


def preview_of(ctx: Context, asked: PreviewAsked) -> dict[str, Any]:
    """What is drawn of a card: `look`, `facts` of somebody made up, `said`, what its keys are in
    the language, and the `qr` code of its address. `pictures` are the merchant's saved ones."""
    kept = designed(ctx)
    of = common(ctx, asked.store_id, Designed(kept.version, asked.design, kept.logo, kept.strip))
    # Somebody in the highest tier, a little before the dearest reward.
    points = of.rewards[-1].points * 4 // 5 if of.rewards else SAMPLE_POINTS
    tier = of.tiers[-1].id if of.tiers else None
    standing = Standing("", points, tier, 0, ctx.now.date())
    facts = facts_of(of, standing, SAMPLE_CODE)
    said = strings(asked.locale, of.look.shop, of.tiers, of.rewards, asked.design.terms)
    qr = qr_svg(str(facts.invite))
    return {
        "look": of.look,
        "facts": facts,
        "said": said,
        "designed": kept,
        "pictures": fingerprint_of(kept),
        "qr": qr,
    }
