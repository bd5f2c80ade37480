"""Stores are told the configuration, and their themes are looked at."""

import json
from dataclasses import replace

import pytest

from jobs import sending
from tests.factories import Tenant, make_tenant
from tests.standins import Standins
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.demo.standins.shopify import Shop
from webapp.features.theme import service
from webapp.features.theme.messages import WidgetConfig
from webapp.features.theme.queries.configuration import states
from webapp.parts import Parts

CONFIGURATION = "theme.send.theme.configuration_due"
INSTALLATION, SHOP = "gid://shopify/AppInstallation/1", "gid://shopify/Shop/1"


@pytest.fixture
def parts(held: Parts, standins: Standins) -> Parts:
    return replace(held, gateways=standins.gateways())


@pytest.fixture
def tenant(parts: Parts, standins: Standins) -> Tenant:
    made = make_tenant(parts.database, access_token="shpat_1")
    standins.shopify.open(Shop(made.shop, "Nest", "USD", "shpat_1", "api", "secret"))
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
