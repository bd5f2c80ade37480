"""The demo's keys: entered for stand-ins only, and once."""

from dataclasses import replace

from tests.factories import make_tenant
from webapp.core.config import SERVICE_URLS
from webapp.core.inbox import PLATFORM
from webapp.demo.authority import Authority
from webapp.demo.connections import KEYS, connect_services
from webapp.features.accounts import service as accounts
from webapp.parts import Parts


def connected(parts: Parts, merchant_id: str) -> set[str]:
    with parts.database.transaction(merchant_id, readonly=True) as ctx:
        return {c.service + c.hint for c in accounts.list_connections(ctx).values()}


def test_standins_are_connected_once(committed: Parts, authority: Authority) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    urls = dict.fromkeys(SERVICE_URLS, "http://127.0.0.1:9")
    parts = replace(committed, settings=replace(committed.settings, service_urls=urls))
    connect_services(parts, merchant_id, authority)
    found = connected(parts, merchant_id) | connected(parts, PLATFORM)
    # The page on which Google saves cards is called by nobody but browsers.
    assert len(found) == len(KEYS) + 2 == len(SERVICE_URLS) - 1
    connect_services(parts, merchant_id, authority)
    assert connected(parts, merchant_id) | connected(parts, PLATFORM) == found


def test_real_services_are_left_alone(committed: Parts, authority: Authority) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    connect_services(committed, merchant_id, authority)
    assert connected(committed, merchant_id) | connected(committed, PLATFORM) == set()
