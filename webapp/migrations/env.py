"""Alembic's environment: one head, short lock time-outs, partitions left alone."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

from webapp.core import discovery
from webapp.core.schema import Base

# A migration that cannot get its lock quickly gives up instead of queueing all readers behind it.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "15min"


def migrate(connection: Connection) -> None:
    """Run what is asked on one connection, in one transaction a migration."""
    connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set statement_timeout = '{STATEMENT_TIMEOUT}'"))
    sql = text("select relname from pg_class where relispartition")
    partitions = set(connection.scalars(sql))
    connection.commit()
    discovery.load_models()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=lambda name, kind, _: not (kind == "table" and name in partitions),
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


engine = create_engine(context.config.attributes["url"])
with engine.connect() as opened:
    migrate(opened)
engine.dispose()
