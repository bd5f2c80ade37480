"""Sign-in links work once, keys are kept as hashes, secrets are sealed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.factories import SECRET, FixedClock, Tenant, make_tenant
from webapp.core import routing, tenancy
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.core.tenancy import ADMIN_PERMISSIONS
from webapp.features.accounts import service
from webapp.features.accounts.messages import ConnectStore, CreateServiceKey


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database, access_token="shpat_secret")


@pytest.fixture
def link(database: Database, tenant: Tenant) -> str:
    with database.transaction(tenant.merchant_id) as ctx:
        return service.create_sign_in_link(ctx, service.add_admin(ctx, "Robin", "owner"))


def use(database: Database, token: str) -> str:
    with database.transaction(service.merchant_of_token(token)) as ctx:
        return service.use_sign_in_link(ctx, token).name


def test_link_signs_in_once(database: Database, link: str) -> None:
    assert use(database, link) == "Robin"
    with pytest.raises(AppError, match="sign_in_link_invalid"):
        use(database, link)


def test_link_expires(database: Database, link: str, clock: FixedClock) -> None:
    clock.advance(minutes=15)
    with pytest.raises(AppError, match="sign_in_link_invalid"):
        use(database, link)


@pytest.mark.parametrize("token", ["", "x", "~", "mer_1~", "mer_1~wrong", "a" * 500])
def test_made_up_token_is_refused(database: Database, token: str) -> None:
    with pytest.raises(AppError, match="sign_in_link_invalid"):
        use(database, token)


def make_key(database: Database, tenant: Tenant, **options: object) -> str:
    with database.transaction(tenant.merchant_id) as ctx:
        message = CreateServiceKey(ADMIN_PERMISSIONS, **options)  # type: ignore[arg-type]  # passed on
        return service.create_service_key(ctx, message)


def actor_of(database: Database, key: str) -> tenancy.Actor:
    with database.before_tenant() as db:
        found = routing.tenant_of_service_key(db, tenancy.hash_service_key(key))
    assert found is not None
    with database.transaction(found[0]) as ctx:
        return service.actor_of_service_key(ctx, found[1])


def test_key_carries_its_permissions(database: Database, tenant: Tenant) -> None:
    actor = actor_of(database, make_key(database, tenant))
    actor.demand("admin:points")
    with pytest.raises(AppError, match="permission_denied"):
        actor.demand("customer:frontend")


def test_expired_key_is_refused(database: Database, tenant: Tenant, clock: FixedClock) -> None:
    key = make_key(database, tenant, expires_at=clock.wall() + timedelta(days=1))
    clock.advance(days=1)
    with pytest.raises(AppError, match="service_key_invalid"):
        actor_of(database, key)


def test_key_is_not_stored(database: Database, tenant: Tenant) -> None:
    key = make_key(database, tenant)
    with database.transaction(tenant.merchant_id) as ctx:
        row = str(ctx.db.execute(text("select * from service_keys")).one())
    assert key not in row
    assert key[10:] not in row


def test_unknown_permission_is_refused(database: Database, tenant: Tenant) -> None:
    with (
        pytest.raises(AppError, match="invalid_value"),
        database.transaction(tenant.merchant_id) as ctx,
    ):
        service.create_service_key(ctx, CreateServiceKey(frozenset({"admin:everything"})))


def test_secrets_are_sealed_at_rest(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        token = ctx.db.scalar(text("select access_token from stores"))
        app_id, secret = ctx.db.execute(
            text("select app_id, secret from apps join stores using (app_id)")
        ).one()
        assert b"shpat_secret" not in bytes(token)
        assert SECRET.encode() not in bytes(secret)
        assert service.app_secrets(ctx.db, ctx.keys, app_id) == (SECRET,)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shop_domain": "evil.example.com"}, "shop_domain"),
        ({"currency": "XYZ1"}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
    ],
)
def test_store_with_a_wrong_value_is_refused(
    database: Database, tenant: Tenant, change: dict[str, str], field: str
) -> None:
    given = {"shop_domain": "new.myshopify.com", "app_id": "app", "currency": "EUR", **change}
    with (
        pytest.raises(AppError, match=field),
        database.transaction(tenant.merchant_id) as ctx,
    ):
        service.connect_store(ctx, ConnectStore(**given))


def test_store_belongs_to_one_merchant_only(database: Database, tenant: Tenant) -> None:
    other = make_tenant(database)
    with (
        pytest.raises(AppError, match="store_taken"),
        database.transaction(other.merchant_id) as ctx,
    ):
        app_id = ctx.db.scalar(text("select app_id from stores"))
        service.connect_store(ctx, ConnectStore(tenant.shop, app_id, "USD"))


def test_sessions_and_links_are_forgotten_long_after_their_end(
    database: Database, tenant: Tenant, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        person = service.add_admin(ctx, "Robin", "owner")
        service.create_sign_in_link(ctx, person)
        service.open_session(ctx, person)
    clock.advance(days=30)
    with database.transaction(tenant.merchant_id) as ctx:
        service.open_session(ctx, person)
        assert service.forget_sessions(ctx) == 0
    clock.advance(hours=1)
    with database.transaction(tenant.merchant_id) as ctx:
        assert service.forget_sessions(ctx) == 2
        assert ctx.db.scalar(text("select count(*) from admin_sessions")) == 1
