"""Service keys: made, replaced and revoked by people, on their page and nowhere else."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock, Tenant, make_tenant
from webapp.app import create_app
from webapp.core import tenancy
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.accounts import service
from webapp.features.accounts.messages import CreateServiceKey, KeyShown
from webapp.features.accounts.pages import service_keys
from webapp.parts import Parts

KEY = re.compile(r"lnk_[A-Za-z0-9_-]{43}")


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database)


def made(database: Database, tenant: Tenant, days: float = 90) -> KeyShown:
    """A new key of the tenant."""
    with database.transaction(tenant.merchant_id) as ctx:
        ends = ctx.wall + timedelta(days=days)
        message = CreateServiceKey(frozenset({"admin:points"}), ends, "ERP")
        service.create_service_key(ctx, message)
        return service.list_service_keys(ctx)[0]


def states(database: Database, tenant: Tenant) -> list[str]:
    with database.transaction(tenant.merchant_id) as ctx:
        return sorted(key.state for key in service.list_service_keys(ctx))


def test_replaced_key_works_for_as_long_as_was_chosen(
    database: Database, tenant: Tenant, clock: FixedClock
) -> None:
    old = made(database, tenant)
    with database.transaction(tenant.merchant_id) as ctx:
        service.rotate_service_key(ctx, old.key_id, timedelta(hours=1))
        new = next(k for k in service.list_service_keys(ctx) if k.key_id != old.key_id)
    assert (new.name, new.permissions, new.expires_at) == ("ERP", old.permissions, old.expires_at)
    assert states(database, tenant) == ["valid", "valid"]
    clock.advance(hours=1)
    assert states(database, tenant) == ["expired", "valid"]


def test_replacing_never_lengthens_a_key(database: Database, tenant: Tenant) -> None:
    old = made(database, tenant, days=1 / 24)
    with database.transaction(tenant.merchant_id) as ctx:
        service.rotate_service_key(ctx, old.key_id, timedelta(days=7))
        ends = {key.expires_at for key in service.list_service_keys(ctx)}
    assert ends == {old.expires_at}


def test_ended_and_foreign_keys_cannot_be_changed(database: Database, tenant: Tenant) -> None:
    key, other = made(database, tenant), make_tenant(database)
    with database.transaction(other.merchant_id) as ctx:
        for change in (service.revoke_service_key, revive):
            with pytest.raises(AppError, match="service_key_ended"):
                change(ctx, key.key_id)
    with database.transaction(tenant.merchant_id) as ctx:
        service.revoke_service_key(ctx, key.key_id)
        with pytest.raises(AppError, match="service_key_ended"):
            revive(ctx, key.key_id)


def revive(ctx, key_id: str) -> None:  # type: ignore[no-untyped-def]  # a context
    service.rotate_service_key(ctx, key_id, timedelta(days=1))


def test_day_of_the_last_use_is_kept(database: Database, tenant: Tenant, clock: FixedClock) -> None:
    key = made(database, tenant)
    for _ in range(2):
        with database.transaction(tenant.merchant_id) as ctx:
            service.actor_of_service_key(ctx, key.key_id, note_use=True)
            assert service.list_service_keys(ctx)[0].last_used_on == clock.wall().date()
        clock.advance(days=1)


def test_every_permission_has_words() -> None:
    assert set(service_keys.PERMISSIONS) == tenancy.PERMISSIONS


@pytest.fixture
def web(held: Parts, tenant: Tenant) -> FlaskClient:
    """Somebody who may change settings, signed in."""
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    return client


def send(web: FlaskClient, action: str, **fields: object) -> tuple[int, str]:
    """(status, page) after a form of the page was sent."""
    page = web.get("/admin/keys").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    form = {"form_token": token[1], **fields}
    response = web.post(f"/admin/keys/{action}", data=form, follow_redirects=True)
    return response.status_code, response.text


def test_a_key_is_shown_once(web: FlaskClient, database: Database, tenant: Tenant) -> None:
    status, page = send(web, "create", name="ERP", permissions=["admin:points"], days="30")
    key = KEY.findall(page)
    assert (status, len(key)) == (200, 1)
    again = web.get("/admin/keys").text
    assert "ERP" in again and key[0] not in again and key[0][:10] in again
    with database.transaction(tenant.merchant_id) as ctx:
        stored = str(
            ctx.db.execute(text("select s::text, a::text from service_keys s, audit_logs a")).all()
        )
    assert key[0] not in stored and "service_key_created" in stored


REFUSED = [
    {"name": "", "permissions": ["admin:points"], "days": "30"},
    {"name": "ERP", "days": "30"},
    {"name": "ERP", "permissions": ["admin:everything"], "days": "30"},
    {"name": "ERP", "permissions": ["admin:points"], "days": "36500"},
    {"name": "x" * 61, "permissions": ["admin:points"], "days": "30"},
]


@pytest.mark.parametrize("fields", REFUSED)
def test_wrong_forms_make_no_key(web: FlaskClient, fields: dict[str, object]) -> None:
    status, page = send(web, "create", **fields)
    assert status == 422 and not KEY.search(page)
    assert 'role="alert"' in page and f'value="{fields["name"]}"' in page


def test_keys_are_replaced_and_revoked_on_the_page(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    key = made(database, tenant)
    status, page = send(web, "rotate", key_id=key.key_id, hours="24")
    assert status == 200 and KEY.search(page)
    assert states(database, tenant) == ["valid", "valid"]
    assert send(web, "revoke", key_id=key.key_id)[0] == 200
    assert states(database, tenant) == ["revoked", "valid"]
    assert send(web, "revoke", key_id=key.key_id)[0] == 409


def test_analysts_do_not_see_the_page(held: Parts, tenant: Tenant) -> None:
    client = create_app(held).test_client()
    sign_in(held, client, tenant, "analyst")
    assert client.get("/admin/keys").status_code == 403
