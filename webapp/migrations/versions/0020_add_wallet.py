"""Cards in wallets: the cards, the devices that hold them, what they look like; and keys that can
be taken out of the ring, because everything that they sealed can be sealed anew."""

from alembic import op

from webapp.migrations.protection import (
    create_questions,
    create_tables,
    let_dispatch_see,
    partition,
)

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = """
create table wallet_exports (
    merchant_id text not null,
    export_id text not null,
    customer_id text not null,
    store_id text not null,
    external_id text,
    wallet_type text not null,
    pass_data jsonb not null,
    created_at timestamptz(3) not null,
    exported_at timestamptz(3) not null,
    revision bigint default 1 not null,
    news_revision bigint default 0 not null,
    modified_at timestamptz(3) not null,
    card_version bigint default 0 not null,
    design_version integer default 0 not null,
    added_at timestamptz(3),
    voided_at timestamptz(3),
    exports integer default 1 not null,
    failures integer default 0 not null,
    failure text,
    told_revision bigint,
    told_issuer text,
    google_due boolean default false not null,
    notified jsonb default '[]' not null,
    constraint pk_wallet_exports primary key (merchant_id, export_id),
    constraint fk_wallet_exports_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint fk_wallet_exports_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_wallet_exports_wallet_type check (wallet_type in ('apple', 'google')),
    constraint ck_wallet_exports_counts check (exports >= 0 and failures >= 0)
) partition by hash (merchant_id);
create unique index uq_wallet_exports_card on wallet_exports (merchant_id, customer_id, wallet_type)
    where voided_at is null;
create index idx_wallet_exports_customer_id on wallet_exports (merchant_id, customer_id);

create table wallet_registrations (
    merchant_id text not null,
    export_id text not null,
    device_hash bytea not null,
    push_token bytea not null,
    registered_at timestamptz(3) not null,
    push_due boolean default false not null,
    pushed_at timestamptz(3),
    constraint pk_wallet_registrations primary key (merchant_id, export_id, device_hash),
    constraint fk_wallet_registrations_wallet_exports
        foreign key (merchant_id, export_id) references wallet_exports (merchant_id, export_id)
);
create index idx_wallet_registrations_device_hash on wallet_registrations (device_hash);

create table wallet_designs (
    merchant_id text not null,
    version integer not null,
    design jsonb not null,
    created_at timestamptz(3) not null,
    created_by text,
    constraint pk_wallet_designs primary key (merchant_id, version),
    constraint fk_wallet_designs_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);

create table wallet_images (
    merchant_id text not null,
    version integer not null,
    name text not null,
    png bytea,
    constraint pk_wallet_images primary key (merchant_id, version, name),
    constraint fk_wallet_images_wallet_designs
        foreign key (merchant_id, version) references wallet_designs (merchant_id, version),
    constraint ck_wallet_images_name check (name in ('logo', 'strip'))
);

create table wallet_classes (
    merchant_id text not null,
    fingerprint text not null,
    issuer_id text not null,
    told_at timestamptz(3) not null,
    constraint pk_wallet_classes primary key (merchant_id),
    constraint fk_wallet_classes_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);
"""

RIGHTS = {
    "wallet_registrations": "select, insert, update, delete",
    "wallet_designs": "select, insert",
    "wallet_images": "select, insert",
    "wallet_classes": "select, insert, update",
    "wallet_exports": "select, insert, update",
}

QUESTIONS = {
    "tenant_of_pass(text)": """
create function tenant_of_pass(serial text) returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
    select w.merchant_id from wallet_exports w where w.export_id = serial
$$
""",
    "passes_of_device(bytea)": """
create function passes_of_device(
    device bytea, out merchant_id text, out export_id text, out revision bigint
) returns setof record
language sql stable security definer set search_path = public, pg_temp as $$
    select w.merchant_id, w.export_id, w.revision
    from wallet_registrations r
    join wallet_exports w on w.merchant_id = r.merchant_id and w.export_id = r.export_id
    where r.device_hash = device
    order by w.export_id
$$
""",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
    partition(("wallet_exports",))
    let_dispatch_see("wallet_exports", "merchant_id, export_id, revision")
    let_dispatch_see("wallet_registrations", "merchant_id, export_id, device_hash")
    # A serial number is looked up before its tenant is known.
    op.execute("create index idx_wallet_exports_export_id on wallet_exports (export_id)")
    create_questions(QUESTIONS)
    op.execute("alter table platform_connections drop constraint ck_platform_connections_service")
    op.execute(
        "alter table platform_connections add constraint ck_platform_connections_service check ("
        "service in ('posthog', 'slack', 'xai', 'partner', 'storage', 'apple_wallet',"
        " 'google_wallet'))"
    )
