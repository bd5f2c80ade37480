"""What a repeated call is answered with; what service keys are called, and when they were used."""

from alembic import op

from webapp.migrations.protection import create_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
create table call_answers (
    merchant_id text not null,
    idempotency_key text not null,
    request_hash bytea not null,
    answer jsonb,
    created_at timestamptz(3) not null,
    constraint pk_call_answers primary key (merchant_id, idempotency_key)
);
"""

KEYS = """
alter table service_keys
    add name text default '' not null,
    add last_used_on date;
"""


def upgrade() -> None:
    create_tables(TABLES, {"call_answers": "select, insert, update, delete"})
    op.execute(KEYS)
