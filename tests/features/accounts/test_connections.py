"""Keys of outside services: sealed, tested, shown by a hint only."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from jobs.drain import drain_for
from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from tests.standins import Standins
from webapp.app import create_app
from webapp.core import connections
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.core.inbox import PLATFORM
from webapp.demo.standins import storage
from webapp.features.accounts import service
from webapp.features.accounts.messages import SaveConnection
from webapp.features.accounts.service.connections import hint as hint_of
from webapp.gateways import open_gateways
from webapp.gateways.breaker import Verdict
from webapp.parts import Parts

KEY = "pk_live_0123456789abcdef"
TEST = "accounts.send.connection.test_requested"


def save(database: Database, merchant_id: str, name: str = "klaviyo", **values: str) -> None:
    with database.transaction(merchant_id) as ctx:
        service.save_connection(ctx, SaveConnection(name, values or {"api_key": KEY}))


def shown(database: Database, merchant_id: str, name: str = "klaviyo"):
    with database.transaction(merchant_id, readonly=True) as ctx:
        return service.list_connections(ctx).get(name)


def test_a_key_is_sealed_and_opens_only_where_it_lies(database: Database) -> None:
    tenant, other = make_tenant(database), make_tenant(database)
    save(database, tenant.merchant_id)
    with database.transaction(tenant.merchant_id) as ctx:
        opened = connections.credentials(ctx, "klaviyo")
        sealed = ctx.db.scalar(text("select sealed from connections"))
    assert opened is not None
    assert opened.values == {"api_key": KEY}
    assert KEY.encode() not in sealed
    assert KEY not in repr(opened) + opened.ref
    assert shown(database, other.merchant_id) is None


def test_another_key_has_another_ref(database: Database) -> None:
    tenant = make_tenant(database)
    refs = set()
    for key in (KEY, KEY):
        save(database, tenant.merchant_id, api_key=key)
        with database.transaction(tenant.merchant_id) as ctx:
            refs.add(connections.credentials(ctx, "klaviyo").ref)
    assert len(refs) == 2


@pytest.mark.parametrize("value", ["", "two words", "ключ-ключ-ключ", "line\nbreak", "x" * 501])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(
    database: Database, value: str
) -> None:
    tenant = make_tenant(database)
    with pytest.raises(AppError) as refused:
        save(database, tenant.merchant_id, api_key=value)
    assert refused.value.kind.code == "connection_value_invalid"
    assert set(refused.value.values.values()) == {"api_key"}
    assert shown(database, tenant.merchant_id) is None


@pytest.mark.parametrize("region", ["eu.example/x", "a@b", "?", "-"])
def test_what_becomes_part_of_an_address_is_no_address(database: Database, region: str) -> None:
    values = {"bucket": "b", "region": region, "access_key_id": KEY, "secret_access_key": KEY}
    with pytest.raises(AppError, match="connection_value_invalid"):
        save(database, PLATFORM, "storage", **values)


@pytest.mark.parametrize("name", ["slack", "nothing"])
def test_a_merchant_has_no_keys_of_the_platform(database: Database, name: str) -> None:
    tenant = make_tenant(database)
    with pytest.raises(AppError, match="not_found"):
        save(database, tenant.merchant_id, name, bot_token=KEY)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"api_key": KEY}, "…cdef"),
        ({"api_key": "short"}, ""),
        ({"bucket": "files", "region": "eu", "secret_access_key": KEY}, "files · eu · …cdef"),
    ],
)
def test_a_hint_says_little(values: Mapping[str, str], hint: str) -> None:
    assert hint_of(values) == hint


PLATFORM_KEYS = {
    "posthog": {"api_key": "phc_standin"},
    "slack": {"bot_token": "xoxb-standin"},
    "xai": {"api_key": "xai-standin"},
    "partner": {"organization_id": "1", "access_token": "prtapi_standin"},
    "storage": {
        "bucket": storage.BUCKET,
        "region": "eu-central-1",
        "access_key_id": storage.ACCESS_KEY_ID,
        "secret_access_key": storage.SECRET_ACCESS_KEY,
    },
}
MERCHANT_KEYS = {
    "klaviyo": {"api_key": "pk_standin"},
    "postscript": {"api_key": "sk_standin", "shop_token": "shop_standin"},
}


@pytest.fixture
def connected(committed: Parts, standins: Standins) -> Iterator[Parts]:
    """Parts whose services are the stand-ins."""
    urls = standins.urls()
    settings = committed.settings
    yield replace(
        committed, gateways=open_gateways(settings.shopify_admin_url, urls, settings.base_url)
    )


def try_out(parts: Parts, merchant_id: str, name: str, values: Mapping[str, str]):
    save(parts.database, merchant_id, name, **values)
    assert shown(parts.database, merchant_id, name).state == "testing"
    drain_for(parts, TEST, 5)
    return shown(parts.database, merchant_id, name)


def test_every_key_is_tried_out_where_it_belongs(connected: Parts, standins: Standins) -> None:
    merchant_id = make_tenant(connected.database).merchant_id
    wanted = [(merchant_id, *item) for item in MERCHANT_KEYS.items()]
    wanted += [(PLATFORM, *item) for item in PLATFORM_KEYS.items()]
    for owner, name, values in wanted:
        found = try_out(connected, owner, name, values)
        assert (name, found.state, found.test_result) == (name, "works", "")
        assert found.tested_at is not None


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ({"status": 401}, "refused", "HTTP 401"),
        ({"status": 404}, "refused", "HTTP 404"),
        ({"status": 500}, "unreachable", "HTTP 500"),
        ({"drop": True}, "unreachable", "no answer"),
    ],
)
def test_a_failed_test_says_why_and_is_over(
    connected: Parts, standins: Standins, fault: dict[str, object], state: str, reason: str
) -> None:
    merchant_id = make_tenant(connected.database).merchant_id
    standins.faults("klaviyo", [fault])
    found = try_out(connected, merchant_id, "klaviyo", {"api_key": KEY})
    assert (found.state, found.test_result[: len(reason)]) == (state, reason)
    with connected.database.transaction(merchant_id) as ctx:
        open_tests = "select count(*) from deliveries where handler = :handler"
        assert ctx.db.scalar(text(open_tests), {"handler": TEST}) == 0


def test_the_test_of_a_replaced_key_says_nothing_of_the_new_one(database: Database) -> None:
    tenant = make_tenant(database)
    save(database, tenant.merchant_id)
    with database.transaction(tenant.merchant_id) as ctx:
        old = connections.credentials(ctx, "klaviyo").ref.split(":")[2]
        asked = service.prepare_test(ctx, "klaviyo", old)
    save(database, tenant.merchant_id)
    with database.transaction(tenant.merchant_id) as ctx:
        assert service.prepare_test(ctx, "klaviyo", old) is None
        service.record_test(ctx, asked, "works", "")
    assert shown(database, tenant.merchant_id).state == "testing"


@pytest.fixture
def page(connected: Parts) -> tuple[FlaskClient, Tenant]:
    """A signed-in owner."""
    tenant = make_tenant(connected.database)
    web = create_app(connected).test_client()
    sign_in(connected, web, tenant)
    return web, tenant


def submit(web: FlaskClient, action: str, **values: str):
    with web.session_transaction() as session:
        token = session.get("form_token", "")
    data = {"form_token": token, "service": "klaviyo", **values}
    return web.post(f"/admin/connections/{action}", data=data)


def test_the_page_takes_tests_and_forgets_a_key(
    connected: Parts, page: tuple[FlaskClient, Tenant], standins: Standins
) -> None:
    web, tenant = page
    assert submit(web, "save", api_key=KEY).status_code == 303
    being_tested = web.get("/admin/connections").text
    assert "Being tested" in being_tested
    assert "hx-get" in being_tested
    drain_for(connected, TEST, 5)
    tested = web.get("/admin/connections").text
    assert "Works" in tested
    assert "hx-get" not in tested
    assert "…cdef" in tested
    assert KEY not in being_tested + tested
    assert submit(web, "test").status_code == 303
    assert submit(web, "remove").status_code == 303
    assert shown(connected.database, tenant.merchant_id) is None
    assert submit(web, "test").status_code == 404


def test_a_refused_form_does_not_repeat_the_key(page: tuple[FlaskClient, Tenant]) -> None:
    web, _ = page
    answer = submit(web, "save", api_key="pk_secret with blanks")
    assert answer.status_code == 422
    assert "API key is missing" in answer.text
    assert "pk_secret" not in answer.text


def test_the_page_says_that_calls_rest(connected: Parts, page: tuple[FlaskClient, Tenant]) -> None:
    web, _ = page
    submit(web, "save", api_key=KEY)
    for _ in range(5):
        connected.breaker.tell("klaviyo", Verdict.FAILS, "HTTP 500")
    assert "Calls rest after failures" in web.get("/admin/connections").text
