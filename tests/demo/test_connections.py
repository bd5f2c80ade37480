"""The demo's keys: entered for stand-ins only, and once."""

from dataclasses import replace

from tests.factories import make_tenant
from webapp.core.config import SERVICE_URLS
from webapp.core.inbox import PLATFORM
from webapp.demo.connections import KEYS, connect_services
from webapp.features.accounts import service as accounts
from webapp.parts import Parts


def connected(parts: Parts, merchant_id: str) -> set[str]:
    with parts.database.transaction(merchant_id, readonly=True) as ctx:
        return {c.service + c.hint for c in accounts.list_connections(ctx).values()}


def test_standins_are_connected_once(committed: Parts) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    urls = dict.fromkeys(SERVICE_URLS, "http://127.0.0.1:9")
    parts = replace(committed, settings=replace(committed.settings, service_urls=urls))
    connect_services(parts, merchant_id)
    found = connected(parts, merchant_id) | connected(parts, PLATFORM)
    assert len(found) == len(KEYS) == len(SERVICE_URLS)
    connect_services(parts, merchant_id)
    assert connected(parts, merchant_id) | connected(parts, PLATFORM) == found


def test_real_services_are_left_alone(committed: Parts) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    connect_services(committed, merchant_id)
    assert connected(committed, merchant_id) | connected(committed, PLATFORM) == set()
