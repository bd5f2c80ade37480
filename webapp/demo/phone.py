"""A telephone for people without one: it takes Apple's cards by their links, registers for them,
is called by the stand-in of Apple, and then asks LoyalNest what has changed, as a real one does."""

import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from webapp.demo.pass_view import card_of
from webapp.demo.standins.host import CONTROL

SECONDS = 5.0
MIME = "application/vnd.apple.pkpass"
_SERIAL = re.compile(r"[\w-]{1,80}")


@dataclass
class Card:
    """A card on the telephone: when it was last changed, how often it was fetched anew."""

    modified: str = ""
    updates: int = 0


@dataclass
class Memory:
    """What the telephone remembers: who it is, the tag of how its cards were, how often it had been
    called, and its cards by serial number."""

    device_id: str = field(default_factory=lambda: secrets.token_hex(16))
    push_token: str = field(default_factory=lambda: secrets.token_hex(32))
    tag: str = ""
    heard: int = 0
    cards: dict[str, Card] = field(default_factory=dict)


class Phone:
    """One telephone; its cards are files in `folder`."""

    def __init__(self, folder: Path, standins: Callable[[], Mapping[str, str]]) -> None:
        self._folder, self._standins = folder, standins
        self._lock = threading.Lock()
        self._memory = self._recall()

    @property
    def heard(self) -> int:
        """How often it was called."""
        return self._memory.heard

    def serials(self) -> list[str]:
        """The cards it has, the newest last."""
        return list(self._memory.cards)

    def updates(self, serial: str) -> int:
        """How often a card was fetched anew."""
        return self._memory.cards[serial].updates

    def content(self, serial: str) -> bytes:
        """A card's file. Raises KeyError."""
        if serial not in self._memory.cards:
            raise KeyError(serial)
        return self._file(serial).read_bytes()

    def take(self, url: str) -> str:
        """Open a card's link, keep the card and register for it; its serial number. Raises
        ValueError for what is no card, and httpx.HTTPError."""
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            answer = client.get(url)
            if answer.status_code != HTTPStatus.OK or answer.headers["Content-Type"] != MIME:
                raise ValueError(f"the link gives no card ({answer.status_code})")
            card = card_of(answer.content)
            with self._lock:
                serial = self._keep(answer)
            sent = {"pushToken": self._memory.push_token}
            path = f"devices/{self._memory.device_id}/registrations/{_name(card)}"
            client.post(_at(card, path), json=sent, headers=_proof(card)).raise_for_status()
        with self._lock:
            self._remember()
        return serial

    def listen(self) -> None:
        """If it was called since, ask which cards have changed, and fetch those."""
        with self._lock, httpx.Client(timeout=SECONDS, trust_env=False) as client:
            calls = self._calls(client)
            if calls <= self._memory.heard or not self._memory.cards:
                return
            self._memory.heard = calls
            for serial in self._changed(client):
                self._fetch(client, serial)
            self._remember()

    def forget(self, serial: str) -> None:
        """Throw a card away."""
        with self._lock, httpx.Client(timeout=SECONDS, trust_env=False) as client:
            card = card_of(self.content(serial))
            path = f"devices/{self._memory.device_id}/registrations/{_name(card)}"
            client.delete(_at(card, path), headers=_proof(card))
            del self._memory.cards[serial]
            self._file(serial).unlink(missing_ok=True)
            self._remember()

    def _calls(self, client: httpx.Client) -> int:
        """How often Apple's stand-in was asked to call this telephone."""
        control = self._standins().get(CONTROL, "http://127.0.0.1:0")
        said = client.get(f"{control}/apple_push/_received").json()
        token = self._memory.push_token
        return sum(one["arrivals"] for one in said["items"] if one["said"]["token"] == token)

    def _changed(self, client: httpx.Client) -> list[str]:
        card = card_of(self.content(next(iter(self._memory.cards))))
        path = f"devices/{self._memory.device_id}/registrations/{card['passTypeIdentifier']}"
        answer = client.get(_at(card, path), params={"passesUpdatedSince": self._memory.tag})
        if answer.status_code != HTTPStatus.OK:
            return []
        said = answer.json()
        self._memory.tag = said["lastUpdated"]
        return [serial for serial in said["serialNumbers"] if serial in self._memory.cards]

    def _fetch(self, client: httpx.Client, serial: str) -> None:
        card = card_of(self.content(serial))
        headers = {**_proof(card), "If-Modified-Since": self._memory.cards[serial].modified}
        answer = client.get(_at(card, f"passes/{_name(card)}"), headers=headers)
        if answer.status_code == HTTPStatus.OK:
            self._keep(answer)
            self._memory.cards[serial].updates += 1

    def _keep(self, answer: httpx.Response) -> str:
        serial = str(card_of(answer.content)["serialNumber"])
        if not _SERIAL.fullmatch(serial):
            raise ValueError("the serial number cannot be used")
        self._folder.mkdir(exist_ok=True)
        self._file(serial).write_bytes(answer.content)
        kept = self._memory.cards.setdefault(serial, Card())
        kept.modified = answer.headers.get("Last-Modified", "")
        return serial

    def _file(self, serial: str) -> Path:
        return self._folder / f"{serial}.pkpass"

    def _recall(self) -> Memory:
        try:
            kept = json.loads((self._folder / "phone.json").read_text())
            cards = {serial: Card(**card) for serial, card in kept.pop("cards").items()}
            return Memory(**kept, cards=cards)
        except (OSError, ValueError, KeyError, TypeError):
            return Memory()

    def _remember(self) -> None:
        self._folder.mkdir(exist_ok=True)
        (self._folder / "phone.json").write_text(json.dumps(asdict(self._memory)))


def _at(card: Mapping[str, Any], path: str) -> str:
    return f"{card['webServiceURL']}/v1/{path}"


def _name(card: Mapping[str, Any]) -> str:
    return f"{card['passTypeIdentifier']}/{card['serialNumber']}"


def _proof(card: Mapping[str, Any]) -> dict[str, str]:
    return {"Authorization": f"ApplePass {card['authenticationToken']}"}
