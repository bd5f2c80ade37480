"""The stand-ins of outside services for tests: real HTTP on ports of their own, in this process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from webapp.core.clock import SystemClock
from webapp.demo.authority import Authority, make_authority
from webapp.demo.standins.catalogue import outside_services, shopify
from webapp.demo.standins.host import StandinHost
from webapp.demo.standins.service import Standin
from webapp.demo.standins.shopify import ShopifyAdmin
from webapp.gateways import Gateways, open_gateways


@dataclass(frozen=True)
class Standins:
    """`url("klaviyo")` is the base address; `tls_url` the same port by https, whose certificate
    nobody trusts."""

    host: StandinHost
    trusted_ca: Path | None = None

    def url(self, service: str) -> str:
        return self.host.servers[service].url

    def tls_url(self, service: str) -> str:
        return self.host.servers[service].tls_url

    def urls(self, *by_tls: str) -> dict[str, str]:
        """Service -> base address, as Settings.service_urls takes it; some by https."""
        return {
            name: server.tls_url if name in by_tls else server.url
            for name, server in self.host.servers.items()
        }

    def environment(self) -> dict[str, str]:
        """LOYALNEST_KLAVIYO_URL and its like, and LOYALNEST_SHOPIFY_ADMIN_URL."""
        urls = self.urls()
        shopify = urls.pop("shopify")
        urls["google_pay"] = urls["google_wallet"]
        named = {f"LOYALNEST_{name.upper()}_URL": url for name, url in urls.items()}
        if self.trusted_ca is not None:
            named["LOYALNEST_TRUSTED_CA"] = str(self.trusted_ca)
        return {**named, "LOYALNEST_SHOPIFY_ADMIN_URL": f"{shopify}/{{shop}}"}

    def gateways(self, *by_tls: str) -> Gateways:
        """The real clients, pointed here; close them."""
        urls = self.urls(*by_tls)
        shopify_url = f"{urls['shopify']}/{{shop}}"
        return open_gateways(shopify_url, urls, "http://127.0.0.1", self.trusted_ca)

    @property
    def shopify(self) -> ShopifyAdmin:
        found = self.standin("shopify")
        assert isinstance(found, ShopifyAdmin)
        return found

    def standin(self, service: str) -> Standin:
        return self.host.servers[service].standin

    def faults(self, service: str, steps: Sequence[Mapping[str, object]]) -> None:
        """Script the next calls, e.g. `[{"status": 500, "times": 2}, {"drop": True}]`. A refusal
        (`refuse_ms`) begins at once; an empty script ends it."""
        server = self.host.servers[service]
        server.refuse(0)
        server.standin.faults.replace({"next": list(steps)})
        server.follow_script()

    def received(self, service: str) -> dict[str, dict[str, Any]]:
        """By deduplication id: `arrivals`, `effects`, `kind`, `said`."""
        entries = self.standin(service).received.entries()
        return {str(entry["key"]): entry for entry in entries}

    def effects(self, service: str) -> dict[str, int]:
        """By deduplication id: how often the real service would count it."""
        return {key: entry["effects"] for key, entry in self.received(service).items()}

    def calls(self, service: str) -> int:
        """How many calls came in, answered or not."""
        return self.standin(service).received.calls

    def revoke(self, service: str, *keys: str) -> None:
        """Exactly these credentials are refused from now on."""
        self.standin(service).keys.revoke(keys)

    def reset(self) -> None:
        for server in self.host.servers.values():
            server.refuse(0)
            server.standin.reset()


@cache
def wallet_authority() -> Authority:
    """Certificates like Apple's, and a key like Google's, that the stand-ins take; they are good in
    the year of `clock` as well as today."""
    return make_authority(datetime(2026, 1, 2, tzinfo=UTC), life=timedelta(days=730))


@pytest.fixture(scope="session")
def authority() -> Authority:
    return wallet_authority()


def root_of(authority: Authority, folders: pytest.TempPathFactory) -> Path:
    """The PEM file of the authority's root."""
    file = folders.mktemp("authority") / "root.pem"
    file.write_text(authority.root)
    return file


@pytest.fixture(scope="session")
def standin_host(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[StandinHost]:
    folder = tmp_path_factory.mktemp("standins")
    with StandinHost([*outside_services(authority), shopify((), folder, SystemClock())]) as host:
        yield host


@pytest.fixture
def standins(
    standin_host: StandinHost, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Standins:
    """All stand-ins, with nothing received and no fault scripted."""
    found = Standins(standin_host, root_of(authority, tmp_path_factory))
    found.reset()
    return found
