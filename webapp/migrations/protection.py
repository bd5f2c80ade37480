"""What migrations do to new tables: row-level security, rights, questions across tenants."""

from collections.abc import Iterable, Mapping

from alembic import op


def protect(table: str, rights: str) -> None:
    """Bind `table` to the tenant of the transaction and grant the application its rights.

    The subselect makes PostgreSQL ask once a statement instead of once a row.
    """
    own = "merchant_id = (select current_merchant())"
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy {table}_tenant on {table} to loyalnest_app using ({own}) with check ({own})"
    )
    op.execute(f"grant {rights} on {table} to loyalnest_app")


def let_dispatch_see(table: str, columns: str, rows: str = "true") -> None:
    """What the owner of the look-across functions may read of a tenant table. A later migration may
    add columns; then its `rows` count."""
    op.execute(f"drop policy if exists {table}_dispatch on {table}")
    op.execute(
        f"create policy {table}_dispatch on {table} for select to loyalnest_dispatch using ({rows})"
    )
    op.execute(f"grant select ({columns}) on {table} to loyalnest_dispatch")


def create_questions(functions: Mapping[str, str]) -> None:
    """Create SECURITY DEFINER functions (signature -> SQL) that the application may only call."""
    op.execute("grant create on schema public to loyalnest_dispatch")
    for signature, sql in functions.items():
        op.execute(sql)
        op.execute(f"alter function {signature} owner to loyalnest_dispatch")
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f"grant execute on function {signature} to loyalnest_app")
    op.execute("revoke create on schema public from loyalnest_dispatch")


def create_tables(statements: str, rights: Mapping[str, str]) -> None:
    """Create tables and bind each to its tenant, with the application's rights."""
    op.execute(statements)
    for table, granted in rights.items():
        protect(table, granted)


def partition(tables: Iterable[str], parts: int = 4) -> None:
    """Make the hash partitions of tables that are partitioned by merchant."""
    for table in tables:
        for part in range(parts):
            op.execute(
                f"create table {table}_{part} partition of {table} "
                f"for values with (modulus {parts}, remainder {part})"
            )
