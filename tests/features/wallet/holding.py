"""A shop whose members have cards, the keys by which they are made, and devices that hold them."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import sending
from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.app import create_app
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.core.inbox import PLATFORM
from webapp.demo.authority import Authority
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import CreateServiceKey, SaveConnection
from webapp.parts import Parts

FOLLOW = "wallet.follow_points"
PUSH = "wallet.send.wallet.push_due"
OBJECT, CLASS = "wallet.send.wallet.object_due", "wallet.send.wallet.class_due"
METAFIELD = "wallet.send.wallet.metafield_due"
TOKEN = "a1" * 32
DEVICE = "0123456789abcdef0123456789abcdef"


def saves(parts: Parts, service: str, values: Mapping[str, str]) -> None:
    """Enter a key of the platform."""
    with parts.database.transaction(PLATFORM) as ctx:
        accounts.save_connection(ctx, SaveConnection(service, values))


class Holding(Rewarding):
    """Customer 7 of the shop, and whoever asks for their cards."""

    def __init__(self, parts: Parts, standins: Standins, authority: Authority) -> None:
        urls = {**parts.settings.service_urls, **standins.urls()}
        urls["google_pay"] = urls["google_wallet"]
        super().__init__(
            replace(parts, settings=replace(parts.settings, service_urls=urls)), standins
        )
        self.authority = authority
        saves(self.parts, "apple_wallet", authority.apple_values())
        saves(self.parts, "google_wallet", authority.google_values(urls["google_wallet"]))
        with self.open() as ctx:
            key = CreateServiceKey(frozenset({"customer:frontend"}))
            self.key = accounts.create_service_key(ctx, key)

    def export(
        self, kind: str = "apple", customer: str = "7", *, key: str | None = None, **more: Any
    ) -> TestResponse:
        """What a program is answered that asks for a card, `key` being its Idempotency-Key."""
        repeated = {} if key is None else {"Idempotency-Key": key}
        return self.web.post(
            "/v1/api/wallet/export",
            json={"customer_id": customer, "wallet_type": kind, **more},
            headers={"Authorization": f"Bearer {self.key}", **repeated},
        )

    def link(self, kind: str = "apple", customer: str = "7") -> str:
        """The path of a card's address."""
        answer = self.export(kind, customer)
        assert answer.status_code == 200, answer.text
        return "/w/" + str(answer.json["pass_url"]).rpartition("/w/")[2]  # type: ignore[index]

    def card(self, customer: str = "7") -> bytes:
        """The file of an Apple card."""
        answer = self.web.get(self.link("apple", customer))
        assert answer.status_code == 200, answer.text
        return answer.data

    def pass_json(self, content: bytes | None = None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(files_of(content or self.card())["pass.json"])
        return found

    def sends(self, handler: str) -> int:
        """Send what is due of one kind; how many were."""
        work = discovery.handlers()[handler]
        assert isinstance(work, Send)
        self.make_due(handler)
        return sending.send_batch(self.parts, handler, work, self.merchant_id)

    def waiting(self, handler: str) -> int:
        [(number,)] = self.rows("select count(*) from deliveries where handler = :h", h=handler)
        return int(number)

    def follow(self) -> None:
        """Bring the cards up to date with the points."""
        self.work(FOLLOW)

    def device(self) -> "Device":
        """A telephone that has been given the card."""
        return Device(self.web, self.card())

    def cards(self) -> list[dict[str, Any]]:
        with self.open() as ctx:
            found = ctx.db.connection().exec_driver_sql(
                "select * from wallet_exports order by created_at, export_id"
            )
            return [dict(row) for row in found.mappings()]


def files_of(content: bytes) -> dict[str, bytes]:
    """Name -> content of what is in an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def strings_of(content: bytes) -> dict[str, str]:
    """What a `pass.strings` says."""
    found = re.findall(r'^"((?:[^"\\]|\\.)*)" = "((?:[^"\\]|\\.)*)";$', content.decode(), re.M)
    return {unescaped(key): unescaped(value) for key, value in found}


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


@dataclass
class Device:
    """An Apple device as the pass web service sees it: what it knows, it has from the card."""

    web: FlaskClient | httpx.Client
    content: bytes
    device_id: str = DEVICE
    push_token: str = TOKEN
    tag: str = ""
    modified: str = ""
    seen: list[bytes] = field(default_factory=list)

    @property
    def card(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(files_of(self.content)["pass.json"])
        return found

    @property
    def points(self) -> int:
        return int(self.card["storeCard"]["headerFields"][0]["value"])

    def path(self, *parts: str) -> str:
        return "/".join(("/wallet/v1", *parts))

    @property
    def authorised(self) -> dict[str, str]:
        return {"Authorization": f"ApplePass {self.card['authenticationToken']}"}

    @property
    def registration(self) -> str:
        card = self.card
        of = (card["passTypeIdentifier"], card["serialNumber"])
        return self.path("devices", self.device_id, "registrations", *of)

    def register(self, token: str = "") -> int:
        sent = {"pushToken": token or self.push_token}
        return self.web.post(self.registration, json=sent, headers=self.authorised).status_code

    def unregister(self) -> int:
        return self.web.delete(self.registration, headers=self.authorised).status_code

    def changed(self) -> list[str]:
        """Which serial numbers have changed since it last asked."""
        address = self.path(
            "devices", self.device_id, "registrations", self.card["passTypeIdentifier"]
        )
        asked = f"{address}?passesUpdatedSince={self.tag}" if self.tag else address
        answer = self.web.get(asked)
        if answer.status_code == 204:
            return []
        said: Any = answer.json if isinstance(answer, TestResponse) else answer.json()
        self.tag = said["lastUpdated"]
        return list(said["serialNumbers"])

    def fetch(self) -> int:
        """Ask for the card, if it has changed since."""
        card = self.card
        headers = dict(self.authorised)
        if self.modified:
            headers["If-Modified-Since"] = self.modified
        of = (card["passTypeIdentifier"], card["serialNumber"])
        answer = self.web.get(self.path("passes", *of), headers=headers)
        if answer.status_code == 200:
            self.modified = answer.headers["Last-Modified"]
            self.content = answer.data if isinstance(answer, TestResponse) else answer.content
        return answer.status_code

    def hear(self) -> int:
        """What a device does when it is called; how many cards it has fetched."""
        return sum(self.fetch() == 200 for _ in self.changed())


def served_client(parts: Parts) -> FlaskClient:
    return create_app(parts).test_client()
