"""What was said to whom, and what each merchant wants said."""

from webapp.migrations.protection import create_tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
create table notifications (
    merchant_id text not null,
    notification_id text not null,
    name text not null,
    key text not null,
    channel text not null,
    customer_id text not null,
    store_id text not null,
    locale text not null,
    subject text not null,
    body text not null,
    facts jsonb not null,
    state text not null,
    reason text,
    outbox_key text not null,
    created_at timestamptz(3) not null,
    due_at timestamptz(3),
    settled_at timestamptz(3),
    constraint pk_notifications primary key (merchant_id, notification_id),
    constraint uq_notifications_merchant_id_name_key_channel
        unique (merchant_id, name, key, channel),
    constraint fk_notifications_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint fk_notifications_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_notifications_state check (state in ('queued', 'sent', 'skipped')),
    constraint ck_notifications_reason check ((state = 'skipped') = (reason is not null))
);
create index idx_notifications_merchant_id_created_at on notifications (merchant_id, created_at);

create table merchant_notices (
    merchant_id text not null,
    notice_id text not null,
    name text not null,
    key text not null,
    facts jsonb not null,
    events integer default 1 not null,
    happened_at timestamptz(3) not null,
    dismissed_at timestamptz(3),
    constraint pk_merchant_notices primary key (merchant_id, notice_id),
    constraint fk_merchant_notices_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint uq_merchant_notices_merchant_id_name_key unique (merchant_id, name, key)
);
create index idx_merchant_notices_open on merchant_notices (merchant_id, happened_at)
    where dismissed_at is null;

create table notification_settings (
    merchant_id text not null,
    quiet_from time not null,
    quiet_until time not null,
    quiet_email boolean not null,
    switched_off text[] not null,
    updated_at timestamptz(3) default now() not null,
    constraint pk_notification_settings primary key (merchant_id),
    constraint fk_notification_settings_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);
"""
RIGHTS = {
    "notifications": "select, insert, update",
    "merchant_notices": "select, insert, update",
    "notification_settings": "select, insert, update",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
