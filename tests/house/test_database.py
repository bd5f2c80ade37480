"""Rules of the house that the database must keep."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from tests.conftest import Servers
from webapp.core import discovery, routing
from webapp.core.schema import Base

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def owner(servers: Servers):  # type: ignore[no-untyped-def]  # a connection of the schema's owner
    engine = create_engine(servers.owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_every_tenant_table_is_under_forced_row_level_security(owner: Connection) -> None:
    discovery.load_models()
    tenant = {t.name for t in Base.metadata.tables.values() if "merchant_id" in t.columns}
    sql = "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    assert tenant == set(owner.scalars(text(sql)))


def test_every_policy_of_the_application_asks_for_the_current_merchant(owner: Connection) -> None:
    sql = "select qual, with_check from pg_policies where 'loyalnest_app' = any(roles)"
    for row in owner.execute(text(sql)):
        assert all("current_merchant()" in condition for condition in row)


def test_partitions_cannot_be_read_around_their_table(owner: Connection) -> None:
    sql = """
    select relname from pg_class
    where relispartition and relkind = 'r'
      and has_table_privilege('loyalnest_app', oid, 'select, insert, update, delete')
    """
    assert list(owner.scalars(text(sql))) == []


def test_list_of_questions_across_tenants_is_closed(owner: Connection) -> None:
    sql = "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
    assert set(owner.scalars(text(sql))) == set(routing.QUESTIONS)


def test_dispatch_cannot_log_in_or_bypass_row_level_security(owner: Connection) -> None:
    sql = """
    select rolname from pg_roles
    where rolname like 'loyalnest%' and (rolbypassrls or rolsuper
        or (rolname = 'loyalnest_dispatch' and rolcanlogin))
    """
    assert list(owner.scalars(text(sql))) == []


def test_application_cannot_change_the_ledger_or_the_logs(owner: Connection) -> None:
    sql = """
    select t from unnest(array['points_transactions', 'audit_logs', 'outbox', 'orders']) as t
    where has_table_privilege('loyalnest_app', t, 'update')
       -- What everybody has heard of is forgotten one day.
       or (t <> 'outbox' and has_table_privilege('loyalnest_app', t, 'delete'))
       or has_table_privilege('loyalnest_app', t, 'truncate')
    """
    assert list(owner.scalars(text(sql))) == []


def test_even_the_owner_cannot_change_the_ledger(owner: Connection) -> None:
    change = "update points_transactions set points = 1"
    for statement in (change, "truncate points_transactions, lot_allocations"):
        with pytest.raises(Exception, match="only grows"), owner.begin_nested():
            owner.execute(text(statement))


def test_models_and_migrations_describe_one_schema(owner: Connection) -> None:
    discovery.load_models()
    partitions = set(owner.scalars(text("select relname from pg_class where relispartition")))

    def included(thing: Any, name: str, kind: str, *_: object) -> bool:
        """Partitions are the migrations' own, and so are the copies of keys that refer to them."""
        if kind == "foreign_key_constraint":
            return not {e.target_fullname.partition(".")[0] for e in thing.elements} & partitions
        return not (kind == "table" and name in partitions)

    context = MigrationContext.configure(
        owner, opts={"include_object": included, "compare_server_default": True}
    )
    assert compare_metadata(context, Base.metadata) == []


def test_there_is_one_migration_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "webapp/migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_migrations_give_up_quickly_on_locks() -> None:
    assert "set lock_timeout" in (ROOT / "webapp/migrations/env.py").read_text()
