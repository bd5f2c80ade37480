"""A card at Google: what a loyalty class (the merchant's programme) and a loyalty object (one card)
say, in all languages, and the claims of the link that saves it.

Source: developers.google.com/wallet, REST reference v1, LoyaltyClass and LoyaltyObject; "Issuing
passes with the web API" for the link, which is safe up to 1,800 characters, so it names what was
made before and holds nothing else. `notifyPreference` counts for the one request that has it, and a
card alerts at most three times in 24 hours ("Trigger push notifications").
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.core import i18n
from webapp.core.programme import Named
from webapp.features.wallet.domain.pass_json import Facts, Look
from webapp.features.wallet.domain.words import (
    HOW,
    INVITE,
    MISSING,
    NEXT,
    POINTS,
    SHOP,
    TERMS,
    TIER,
    in_order,
)

MOST_NAME = 20
ALERTS, WITHIN = 3, timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Programme:
    """A merchant's programme at Google: who issues it, its id there, where its pictures are, and
    everything that cards name by an id."""

    issuer_id: str
    class_suffix: str
    look: Look
    logo_url: str
    hero_url: str
    tiers: Sequence[Named]
    rewards: Sequence[Named]
    terms: Mapping[str, str]

    @property
    def class_id(self) -> str:
        return f"{self.issuer_id}.{self.class_suffix}"


def class_suffix(merchant_id: str) -> str:
    """The merchant's part of the class's id: letters, digits, dots, dashes and underscores only."""
    return hashlib.sha256(merchant_id.encode()).hexdigest()[:24]


def object_id(issuer_id: str, export_id: str) -> str:
    """A card's id at Google."""
    return f"{issuer_id}.{export_id}"


def loyalty_class(of: Programme) -> dict[str, Any]:
    """The body of the class."""
    name = shortened(of.look.shop)
    written: dict[str, Any] = {
        "id": of.class_id,
        "issuerName": name,
        "programName": name,
        "programLogo": _image(of.logo_url, of.look.shop),
        "heroImage": _image(of.hero_url, of.look.shop),
        "hexBackgroundColor": of.look.background,
        "reviewStatus": "UNDER_REVIEW",
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        "linksModuleData": {
            "uris": [
                {"id": "shop", "uri": of.look.shop_url, "localizedDescription": localized(*SHOP)}
            ]
        },
    }
    # Always, because what a change does not name stays.
    terms = [_module("terms", TERMS, _of_texts(in_order(of.terms)))] if of.terms else []
    return {**written, "textModulesData": terms}


def loyalty_object(of: Programme, export_id: str, facts: Facts | None) -> dict[str, Any]:
    """The body of a card; without `facts` one that has become void."""
    written: dict[str, Any] = {
        "id": object_id(of.issuer_id, export_id),
        "classId": of.class_id,
        "state": "ACTIVE" if facts else "INACTIVE",
        "textModulesData": [],
    }
    if facts is None:
        return {**written, "barcode": None, "loyaltyPoints": None, "linksModuleData": None}
    written["loyaltyPoints"] = {
        "localizedLabel": localized(*POINTS),
        "balance": {"int": facts.points},
    }
    written["textModulesData"] = list(_modules(of, facts))
    if facts.invite and facts.code:
        written["barcode"] = {
            "type": "QR_CODE",
            "value": facts.invite,
            "alternateText": facts.code,
        }
        written["linksModuleData"] = {
            "uris": [
                {"id": "invite", "uri": facts.invite, "localizedDescription": localized(*INVITE)}
            ]
        }
    return written


def _modules(of: Programme, facts: Facts) -> Any:
    tiers = {one.id: one for one in of.tiers}
    rewards = {one.id: one for one in of.rewards}
    if of.look.tier and facts.tier in tiers:
        yield _module("tier", TIER, _of_named(tiers[facts.tier]))
    if of.look.next_reward and facts.next_reward in rewards:
        yield _module("next", NEXT, _of_named(rewards[facts.next_reward]))
        yield _module("missing", MISSING, _in_all(lambda tag: i18n.number(tag, facts.missing)))
    if facts.invite:
        yield _module("how", INVITE, localized(*HOW))


def save_claims(account: str, of: str, objects: str, wall: datetime) -> dict[str, Any]:
    """The claims of the link that saves a card: `of` is the class's id, `objects` the object's."""
    return {
        "iss": account,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(wall.timestamp()),
        "origins": [],
        "payload": {"loyaltyObjects": [{"id": objects, "classId": of}]},
    }


def may_alert(alerts: Sequence[str], wall: datetime) -> tuple[bool, list[str]]:
    """Whether a change may alert the holder, and the alerts (ISO 8601) that count from now on."""
    recent = [one for one in alerts if datetime.fromisoformat(one) > wall - WITHIN]
    if len(recent) >= ALERTS:
        return False, recent
    return True, [*recent, wall.isoformat()]


def fingerprint(body: Mapping[str, Any]) -> str:
    """What tells one body from another."""
    written = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def shortened(name: str) -> str:
    """A name as long as Google shows it."""
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1].rstrip()}…"


def localized(key: str, english: str) -> dict[str, Any]:
    """A text of ours in all languages."""
    return _in_all(lambda tag: i18n.text(tag, key, english))


def _in_all(said: Callable[[str], str]) -> dict[str, Any]:
    """English first, then what differs from it."""
    default = said("en")
    others = ((tag, said(tag)) for tag in i18n.LOCALES if tag != "en")
    translated = [{"language": tag, "value": value} for tag, value in others if value != default]
    return {
        "defaultValue": {"language": "en", "value": default},
        **({"translatedValues": translated} if translated else {}),
    }


def _of_named(one: Named) -> dict[str, Any]:
    return _of_texts({one.default_locale: one.names[one.default_locale], **one.names})


def _of_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """A merchant's own text, in the languages that there are."""
    (first, value), *others = texts.items()
    translated = [{"language": tag, "value": text} for tag, text in others]
    return {
        "defaultValue": {"language": first, "value": value},
        **({"translatedValues": translated} if translated else {}),
    }


def _module(name: str, header: tuple[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name, "localizedHeader": localized(*header), "localizedBody": body}


def _image(url: str, name: str) -> dict[str, Any]:
    said = {"defaultValue": {"language": "en", "value": name}}
    return {"sourceUri": {"uri": url}, "contentDescription": said}
