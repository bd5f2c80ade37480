"""How accurate the storefronts were found to be, and what makes their metafields follow the cards.

A number from `push_numbers` goes with every push of a card. Numbers are taken while the lane is
locked, so that the state behind a greater number is the newer one, whichever member's card it is.
"""

from alembic import op

from webapp.migrations.protection import create_tables

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = """
create sequence push_numbers;
grant usage on sequence push_numbers to loyalnest_app;

alter table metafield_projections
    add column customer_id text,
    add column digest text,
    add column lag_ms bigint,
    add column reason text;

alter table inbound_events add column subject text;
create index idx_inbound_events_subject on inbound_events (merchant_id, subject)
    where applied_at is null and subject is not null;
"""

TABLES = """
create table sync_runs (
    merchant_id text not null,
    run_id bigint generated always as identity not null,
    kind text not null,
    started_at timestamptz(3) not null,
    finished_at timestamptz(3),
    matched integer default 0 not null,
    mismatched integer default 0 not null,
    pending integer default 0 not null,
    repaired integer default 0 not null,
    unread integer default 0 not null,
    p95_lag_ms bigint,
    ledger_ok boolean not null,
    off integer default 0 not null,
    differences jsonb default '[]' not null,
    chunks integer default 0 not null,
    chunks_done integer default 0 not null,
    gathered boolean default false not null,
    buried bigint[] default '{}' not null,
    constraint pk_sync_runs primary key (merchant_id, run_id),
    constraint fk_sync_runs_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_sync_runs_kind check (kind in ('nightly', 'asked')),
    constraint ck_sync_runs_chunks check (chunks_done between 0 and chunks)
);

create table sync_mismatches (
    merchant_id text not null,
    run_id bigint not null,
    store_id text not null,
    external_id text not null,
    customer_id text not null,
    expected jsonb not null,
    found jsonb not null,
    found_at timestamptz(3) not null,
    repaired_at timestamptz(3),
    constraint pk_sync_mismatches primary key (merchant_id, run_id, store_id, external_id),
    constraint fk_sync_mismatches_sync_runs
        foreign key (merchant_id, run_id) references sync_runs (merchant_id, run_id)
            on delete cascade,
    constraint fk_sync_mismatches_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
create index idx_sync_mismatches_unrepaired
    on sync_mismatches (merchant_id, store_id, external_id) where repaired_at is null;

create table shared_boards (
    merchant_id text not null,
    store_id text not null,
    cycle text not null,
    shared_at timestamptz(3) not null,
    members integer not null,
    verified boolean not null,
    constraint pk_shared_boards primary key (merchant_id, store_id),
    constraint fk_shared_boards_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
"""

RIGHTS = {
    "sync_runs": "select, insert, update, delete",
    "sync_mismatches": "select, insert, update, delete",
    "shared_boards": "select, insert, update",
}


def upgrade() -> None:
    op.execute(COLUMNS)
    create_tables(TABLES, RIGHTS)
