"""Tenants are kept apart by the database itself, and a forgotten tenant is an error."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from tests.conftest import Servers
from tests.factories import Tenant, import_orders, make_tenant, write_orders
from tests.jobs.processes import eventually
from webapp.core import discovery, routing
from webapp.core.config import ConfigurationError
from webapp.core.db import Database, open_engine
from webapp.core.schema import Base
from webapp.parts import Parts

discovery.load_models()
TENANT_TABLES = sorted(t.name for t in Base.metadata.tables.values() if "merchant_id" in t.columns)


@pytest.fixture
def database(committed: Parts) -> Database:
    """Imports want a connection of their own, so these tests commit."""
    return committed.database


@pytest.fixture
def pair(database: Database, tmp_path: Path) -> tuple[Tenant, Tenant]:
    """Two merchants with an order each."""
    tenants = make_tenant(database), make_tenant(database)
    for number, tenant in enumerate(tenants):
        file = write_orders(tmp_path / f"{number}.csv", f"7{number},2026-01-01,10.00,USD")
        import_orders(database, tenant, file)
    return tenants


@pytest.mark.parametrize("table", ["stores", "users", "orders", "outbox", "deliveries"])
def test_reading_without_a_tenant_is_an_error_that_says_so(
    database: Database, pair: tuple[Tenant, Tenant], table: str
) -> None:
    with (
        pytest.raises(DBAPIError, match="no tenant is set"),
        database.before_tenant() as db,
    ):
        db.execute(text(f"select * from {table}"))  # noqa: S608 - a name from the list above


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_second_tenant_is_invisible_in_every_table(
    database: Database, pair: tuple[Tenant, Tenant], table: str
) -> None:
    with database.transaction(pair[0].merchant_id) as ctx:
        sql = f"select distinct merchant_id from {table}"  # noqa: S608 - a name of our metadata
        assert set(ctx.db.scalars(text(sql))) <= {pair[0].merchant_id}


def test_row_of_another_tenant_cannot_be_written(
    database: Database, pair: tuple[Tenant, Tenant]
) -> None:
    sql = "insert into merchants (merchant_id, name) values (:m, 'x')"
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(pair[0].merchant_id) as ctx,
    ):
        ctx.db.execute(text(sql), {"m": "mer_other"})


def test_row_cannot_point_at_another_tenants_row(
    database: Database, pair: tuple[Tenant, Tenant]
) -> None:
    with database.transaction(pair[1].merchant_id) as ctx:
        foreign = ctx.db.scalar(text("select customer_id from users"))
    sql = """
    insert into orders
        (merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor)
    values (:m, :s, 'x', :c, now(), 100)
    """
    values = {"m": pair[0].merchant_id, "s": pair[0].store_id, "c": foreign}
    with (
        pytest.raises(DBAPIError, match="must belong to a customer of the tenant"),
        database.transaction(pair[0].merchant_id) as ctx,
    ):
        ctx.db.execute(text(sql), values)


def test_failing_use_case_leaves_nothing_behind(database: Database) -> None:
    tenant = make_tenant(database)
    with pytest.raises(RuntimeError), database.transaction(tenant.merchant_id) as ctx:
        ctx.emit("orders.imported", "k", {})
        ctx.audit("something")
        raise RuntimeError
    with database.transaction(tenant.merchant_id) as ctx:
        assert ctx.db.scalar(text("select count(*) from outbox")) == 0


def test_repeated_key_is_said_once(database: Database) -> None:
    tenant = make_tenant(database)
    for _ in range(2):
        with database.transaction(tenant.merchant_id) as ctx:
            ctx.emit("orders.imported", "same", {})
    with database.transaction(tenant.merchant_id) as ctx:
        assert ctx.db.scalar(text("select count(*) from outbox")) == 1
        handlers = discovery.handler_names()["orders.imported"]
        assert ctx.db.scalar(text("select count(*) from deliveries")) == len(handlers)


def test_read_only_unit_of_work_cannot_write(database: Database) -> None:
    tenant = make_tenant(database)
    with (
        pytest.raises(DBAPIError, match="read-only"),
        database.transaction(tenant.merchant_id, readonly=True) as ctx,
    ):
        ctx.audit("something")


def test_shop_leads_to_its_tenant(database: Database, pair: tuple[Tenant, Tenant]) -> None:
    with database.before_tenant() as db:
        address = routing.tenant_of_shop(db, pair[1].shop)
        assert address is not None
        assert (address.merchant_id, address.store_id) == (pair[1].merchant_id, pair[1].store_id)
        assert routing.tenant_of_shop(db, "nobody.myshopify.com") is None


def test_due_lanes_name_every_tenant_with_work(
    database: Database, pair: tuple[Tenant, Tenant]
) -> None:
    with database.before_tenant() as db:
        assert routing.due_handlers(db, ["points.award_orders", "no.body"]) == [
            "points.award_orders"
        ]
        assert routing.due_lanes(db, "points.award_orders") == sorted(t.merchant_id for t in pair)


def test_login_that_row_level_security_does_not_bind_is_refused(servers: Servers) -> None:
    engine = open_engine(servers.admin_url)
    with pytest.raises(ConfigurationError, match="loyalnest_app"), engine.connect():
        pass
    engine.dispose()


def test_a_connection_that_was_closed_while_it_lay_in_the_pool_is_replaced(
    committed: Parts, servers: Servers
) -> None:
    def whose() -> int:
        with committed.database.before_tenant() as db:
            return int(db.scalar(text("select pg_backend_pid()")))

    first = whose()
    assert whose() == first
    admin = create_engine(servers.admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        assert connection.scalar(text("select pg_terminate_backend(:pid, 5000)"), {"pid": first})
    admin.dispose()
    assert whose() != first


def test_a_connection_that_is_in_use_when_the_database_is_closed_ends_with_its_use(
    committed: Parts, servers: Servers
) -> None:
    with committed.database.before_tenant() as db:
        pid = db.scalar(text("select pg_backend_pid()"))
        committed.database.close()
    admin = create_engine(servers.admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        sql = text("select count(*) from pg_stat_activity where pid = :pid")
        eventually(lambda: connection.scalar(sql, {"pid": pid}) == 0)
    admin.dispose()


def test_what_is_sent_before_the_session_is_quoted(database: Database) -> None:
    name = "o'; select 1 --\\"
    with database.transaction(name) as ctx:
        assert ctx.db.scalar(text("select current_setting('app.merchant_id')")) == name


def test_a_transaction_that_only_reads_cannot_write(
    database: Database, pair: tuple[Tenant, Tenant]
) -> None:
    tenant = pair[0].merchant_id
    with (
        pytest.raises(DBAPIError, match="read-only transaction"),
        database.transaction(tenant, readonly=True) as ctx,
    ):
        ctx.db.execute(text("update merchants set name = 'x'"))
