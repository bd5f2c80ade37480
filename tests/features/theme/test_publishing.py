"""Stores are told the configuration, and their themes are looked at."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jobs import sending
from tests.factories import Tenant, make_tenant
from tests.standins import Standins
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.core.deliveries import Message
from webapp.demo.standins.shopify import Shop
from webapp.demo.theme_files import ThemeFiles
from webapp.features.theme import service
from webapp.features.theme.jobs import greet_stores
from webapp.features.theme.messages import StoreState, WidgetConfig
from webapp.features.theme.queries.configuration import states
from webapp.parts import Parts

CONFIGURATION = "theme.send.theme.configuration_due"
LOOK = "theme.send.theme.look_due"
INSTALLATION, SHOP = "gid://shopify/AppInstallation/1", "gid://shopify/Shop/1"


@pytest.fixture
def parts(held: Parts, standins: Standins) -> Parts:
    return replace(held, gateways=standins.gateways())


@pytest.fixture
def tenant(parts: Parts, standins: Standins, tmp_path: Path) -> Tenant:
    made = make_tenant(parts.database, access_token="shpat_1")
    files = ThemeFiles(tmp_path, made.shop)
    standins.shopify.open(Shop(made.shop, "Nest", "USD", "shpat_1", "api", "secret", theme=files))
    return made


def send(parts: Parts, tenant: Tenant, handler: str) -> int:
    work = discovery.handlers()[handler]
    assert isinstance(work, Send)
    return sending.send_batch(parts, handler, work, tenant.merchant_id)


def test_a_store_reads_what_was_configured(
    parts: Parts, standins: Standins, tenant: Tenant
) -> None:
    wanted = WidgetConfig("rewards_panel", "cart_page", accent="#112233")
    with parts.database.transaction(tenant.merchant_id) as ctx:
        service.save_widget(ctx, wanted)
    assert send(parts, tenant, CONFIGURATION) == 1
    for owner, namespace in ((INSTALLATION, "loyalnest"), (SHOP, "$app:loyalnest")):
        found = standins.shopify.store.one(tenant.shop, owner, namespace, "theme_extension_config")
        assert found is not None
        assert json.loads(found.value)["rewards_panel"]["accent"] == "#112233"
    with parts.database.transaction(tenant.merchant_id) as ctx:
        assert [state.revision for state in states(ctx)] == [1]


def state(parts: Parts, tenant: Tenant) -> StoreState:
    with parts.database.transaction(tenant.merchant_id) as ctx:
        (found,) = states(ctx)
    return found


def look(parts: Parts, tenant: Tenant) -> None:
    with parts.database.transaction(tenant.merchant_id) as ctx:
        service.look(ctx)
    send(parts, tenant, LOOK)


def test_what_a_theme_has_is_seen(parts: Parts, tenant: Tenant) -> None:
    look(parts, tenant)
    found = state(parts, tenant)
    assert found.theme_name == "Demo theme"
    assert {(b["widget"], b["template"], b["shown"]) for b in found.blocks} == {
        ("points_display", "index", True),
        ("points_display", "product", True),
        ("points_display", "customers/account", True),
        ("rewards_panel", "customers/account", True),
        ("wallet_buttons", "customers/account", True),
        ("sticky_bar", "embed", False),
    }


def test_a_shop_that_does_not_let_us_look_keeps_what_was_known(
    parts: Parts, tenant: Tenant, standins: Standins
) -> None:
    look(parts, tenant)
    before = state(parts, tenant)
    closed = Shop(tenant.shop, "Nest", "USD", "shpat_1", "api", "secret", scopes=frozenset())
    standins.shopify.open(closed)
    look(parts, tenant)
    after = state(parts, tenant)
    assert after.problem
    assert (after.blocks, after.looked_at) == (before.blocks, before.looked_at)


def test_saying_the_same_again_writes_nothing(
    parts: Parts, tenant: Tenant, standins: Standins
) -> None:
    for _ in range(2):
        with parts.database.transaction(tenant.merchant_id) as ctx:
            service.save_widget(ctx, WidgetConfig("rewards_panel"))
        assert send(parts, tenant, CONFIGURATION) == 1
    writes = [name for name in standins.effects("shopify") if "theme_extension_config" in name]
    assert {standins.effects("shopify")[name] for name in writes} == {1}
    assert len(writes) == 2


def test_a_shop_that_comes_in_is_told_and_looked_at(parts: Parts, tenant: Tenant) -> None:
    message = Message(1, "store.authorised", "ins_1", {"store_id": tenant.store_id}, 1)
    with parts.database.transaction(tenant.merchant_id) as ctx:
        greet_stores(ctx, [message])
    assert send(parts, tenant, CONFIGURATION) == send(parts, tenant, LOOK) == 1
