"""Who was recognised as the same person, and why; changes of what stores share; birthdays."""

from webapp.migrations.protection import create_tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
create table sharing_changes (
    merchant_id text not null,
    change_id text not null,
    actor_kind text not null,
    actor_id text,
    before jsonb not null,
    after jsonb not null,
    changed_at timestamptz(3) not null,
    undone_at timestamptz(3),
    constraint pk_sharing_changes primary key (merchant_id, change_id),
    constraint fk_sharing_changes_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);
create index idx_sharing_changes_merchant_id_changed_at
    on sharing_changes (merchant_id, changed_at);

create table identity_links (
    merchant_id text not null,
    link_id text not null,
    kind text not null,
    kept text not null,
    lost text not null,
    kept_home text not null,
    lost_home text not null,
    homes text[] not null,
    stayed text[] not null,
    reason text not null,
    actor_kind text not null,
    actor_id text,
    change_id text,
    linked_at timestamptz(3) not null,
    undone_by text,
    constraint pk_identity_links primary key (merchant_id, link_id),
    constraint fk_identity_links_kept
        foreign key (merchant_id, kept) references users (merchant_id, customer_id),
    constraint fk_identity_links_lost
        foreign key (merchant_id, lost) references users (merchant_id, customer_id),
    constraint fk_identity_links_kept_home
        foreign key (merchant_id, kept_home) references users (merchant_id, customer_id),
    constraint fk_identity_links_lost_home
        foreign key (merchant_id, lost_home) references users (merchant_id, customer_id),
    constraint fk_identity_links_undone_by
        foreign key (merchant_id, undone_by) references identity_links (merchant_id, link_id),
    constraint fk_identity_links_sharing_changes
        foreign key (merchant_id, change_id) references sharing_changes (merchant_id, change_id),
    constraint ck_identity_links_kind check (kind in ('merge', 'part')),
    constraint ck_identity_links_reason check (
        reason in ('email', 'phone', 'merchant', 'shopper', 'shopify', 'store', 'undo')
    ),
    constraint ck_identity_links_members check (kept <> lost)
);
create index idx_identity_links_kept_home on identity_links (merchant_id, kept_home)
    where kind = 'merge' and undone_by is null;
create index idx_identity_links_lost_home on identity_links (merchant_id, lost_home)
    where kind = 'merge' and undone_by is null;
create index idx_identity_links_homes on identity_links using gin (homes)
    where kind = 'part';
create index idx_identity_links_change_id on identity_links (merchant_id, change_id)
    where change_id is not null;

create index idx_customer_identities_refused on customer_identities (merchant_id, customer_id)
    where not linking_consent;

create table shopify_merges (
    merchant_id text not null,
    store_id text not null,
    lost text not null,
    kept text not null,
    told_at timestamptz(3) default now() not null,
    constraint pk_shopify_merges primary key (merchant_id, store_id, lost, kept),
    constraint fk_shopify_merges_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_shopify_merges_customers check (lost <> kept)
);
create index idx_shopify_merges_kept on shopify_merges (merchant_id, store_id, kept);

create table birthdays (
    merchant_id text not null,
    customer_id text not null,
    month smallint not null,
    day smallint not null,
    set_at timestamptz(3) not null,
    constraint pk_birthdays primary key (merchant_id, customer_id),
    constraint fk_birthdays_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint ck_birthdays_month check (month between 1 and 12),
    constraint ck_birthdays_day check (day between 1 and 31)
);
create index idx_birthdays_month_day on birthdays (merchant_id, month, day);
"""

RIGHTS = {
    "sharing_changes": "select, insert, update (undone_at)",
    "identity_links": "select, insert, update (undone_by)",
    "shopify_merges": "select, insert",
    "birthdays": "select, insert, update, delete",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
