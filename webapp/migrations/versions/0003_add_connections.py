"""Keys of outside services, sealed, and how their last test went."""

from alembic import op

from webapp.migrations.protection import create_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = """
    credential_id text not null,
    sealed bytea not null,
    hint text not null,
    state text not null default 'untested',
    tested_at timestamptz(3),
    test_result text,
    updated_at timestamptz(3) not null,
    updated_by text
"""
_STATES = "state in ('untested', 'testing', 'works', 'refused', 'unreachable')"


def upgrade() -> None:
    tables = f"""
    create table connections (
        merchant_id text not null,
        service text not null,
        {_COLUMNS},
        constraint pk_connections primary key (merchant_id, service),
        constraint fk_connections_merchants
            foreign key (merchant_id) references merchants (merchant_id),
        constraint ck_connections_service check (service in ('klaviyo', 'postscript')),
        constraint ck_connections_state check ({_STATES})
    );
    create table platform_connections (
        service text not null,
        {_COLUMNS},
        constraint pk_platform_connections primary key (service),
        constraint ck_platform_connections_service
            check (service in ('posthog', 'slack', 'xai', 'partner', 'storage')),
        constraint ck_platform_connections_state check ({_STATES})
    );
    """
    create_tables(tables, {"connections": "select, insert, update, delete"})
    op.execute("grant select, insert, update, delete on platform_connections to loyalnest_app")
