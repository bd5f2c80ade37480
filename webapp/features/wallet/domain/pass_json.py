"""A card at Apple: `pass.json` for a store card, on wallet-py3k's object model.

The model is from 2018 and is mended here where it would write what Wallet refuses or what makes a
worse card: an alignment on every field (wrong on the back, and against the reading direction),
empty `changeMessage`s, one barcode in a place that is deprecated, `expirationDate` under a misspelt
name, no `sharingProhibited`; and its `openssl` child, its manifest and its archive give way to
`signing` and `archive`. Source: developer.apple.com, Wallet Passes, Pass.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from wallet.models import (  # type: ignore[import-untyped]
    Barcode,
    BarcodeFormat,
    Field,
    NumberField,
    Pass,
    StoreCard,
)

from webapp.features.wallet.domain.words import reward_key, tier_key


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card says of its member: points that can be spent, the id of the tier, the next reward
    (id, and the points that are missing to it), and the address and code that bring friends. What
    is None is not there."""

    points: int
    tier: str | None = None
    next_reward: str | None = None
    missing: int = 0
    since: date | None = None
    invite: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What all cards of a merchant have in common: the shop's name and address, colours as
    `#rrggbb`, and what is shown."""

    shop: str
    shop_url: str
    background: str
    foreground: str
    label: str
    tier: bool
    next_reward: bool
    since: bool
    terms: bool
    logo: bool = False


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: the identifiers of Apple's certificate, and where devices ask for changes."""

    pass_type_id: str
    team_id: str
    service_url: str


class CardField(Field):  # type: ignore[misc]
    """A field without what is empty, and with no alignment, so that it follows the language."""

    def json_dict(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(self).items()
            if name != "textAlignment" and value not in (None, "")
        }


class CardNumber(CardField, NumberField):  # type: ignore[misc]
    """A number, which Wallet writes as the reader's language does."""


class CardDate(CardField):
    """A day, which is the same everywhere, as the reader's language writes it."""

    def __init__(self, key: str, value: date, label: str) -> None:
        super().__init__(key, f"{value.isoformat()}T00:00:00Z", label)
        self.dateStyle = "PKDateStyleMedium"
        self.timeStyle = "PKDateStyleNone"
        self.ignoresTimeZone = True


class Card(Pass):  # type: ignore[misc]
    """A store card that may not be shared."""

    barcodes: tuple[Barcode, ...] = ()

    def json_dict(self) -> dict[str, Any]:
        written: dict[str, Any] = super().json_dict()
        written.pop("suppressStripShine")
        written["sharingProhibited"] = True
        if self.barcodes:
            written["barcodes"] = [barcode.json_dict() for barcode in self.barcodes]
        return written


def pass_json(
    issuer: Issuer, serial: str, token: str, look: Look, facts: Facts | None
) -> dict[str, Any]:
    """The card of a member; without `facts` one that has become void and says nothing of them."""
    card = Card(
        StoreCard(),
        passTypeIdentifier=issuer.pass_type_id,
        organizationName=look.shop,
        teamIdentifier=issuer.team_id,
    )
    card.serialNumber, card.description = serial, "ln.title"
    card.webServiceURL, card.authenticationToken = issuer.service_url, token
    card.backgroundColor = _rgb(look.background)
    card.foregroundColor, card.labelColor = _rgb(look.foreground), _rgb(look.label)
    if not look.logo:
        card.logoText = look.shop
    if facts is None:
        card.voided = True
        card.passInformation.backFields = [CardField("void", "ln.void", "ln.title")]
    else:
        _fill(card, look, facts)
    written: dict[str, Any] = card.json_dict()
    return written


def _fill(card: Card, look: Look, facts: Facts) -> None:
    """At most four fields below the strip: with a square barcode there is room for no more."""
    front = card.passInformation
    points = CardNumber("points", facts.points, "ln.points")
    points.changeMessage = "ln.points.changed"
    front.headerFields = [points]
    if look.tier and facts.tier:
        tier = CardField("tier", tier_key(facts.tier), "ln.tier")
        tier.changeMessage = "ln.tier.changed"
        front.secondaryFields.append(tier)
    if look.next_reward and facts.next_reward:
        reward = CardField("next", reward_key(facts.next_reward), "ln.next")
        front.secondaryFields.append(reward)
        front.auxiliaryFields.append(CardNumber("missing", facts.missing, "ln.missing"))
    if look.since and facts.since:
        front.auxiliaryFields.append(CardDate("since", facts.since, "ln.since"))
    front.backFields = list(_back(look, facts))
    if facts.invite and facts.code:
        card.barcodes = (Barcode(facts.invite, BarcodeFormat.QR, facts.code),)


def _back(look: Look, facts: Facts) -> list[CardField]:
    fields = []
    if facts.invite:
        fields.append(CardField("how", "ln.how", "ln.invite"))
        fields.append(CardField("invite", facts.invite))
    fields.append(CardField("shop", look.shop_url, "ln.shop"))
    if look.terms:
        fields.append(CardField("terms", "ln.terms.text", "ln.terms"))
    return fields


def encode(written: Mapping[str, Any]) -> bytes:
    """The bytes of `pass.json`."""
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
