"""What others told us, once each, until it is applied; and what is done periodically."""

from alembic import op

from webapp.migrations.protection import create_questions, create_tables, let_dispatch_see

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
create table inbound_events (
    merchant_id text not null,
    event_id bigint generated always as identity,
    source text not null,
    topic text not null,
    store_id text,
    delivery_id text not null,
    business_key text,
    triggered_at timestamptz(3),
    received_at timestamptz(3) default now() not null,
    applied_at timestamptz(3),
    body bytea not null,
    constraint pk_inbound_events primary key (merchant_id, event_id),
    constraint uq_inbound_events_merchant_id_source_delivery_id
        unique (merchant_id, source, delivery_id),
    constraint uq_inbound_events_business_key unique (merchant_id, source, topic, business_key)
);
create index idx_inbound_events_unapplied
    on inbound_events (merchant_id, event_id) where applied_at is null;

create table customer_contacts (
    merchant_id text not null,
    store_id text not null,
    external_id text not null,
    email bytea,
    phone bytea,
    locale text,
    email_consent text,
    sms_consent text,
    updated_at timestamptz(3) not null,
    constraint pk_customer_contacts primary key (merchant_id, store_id, external_id)
);

create table webhook_subscriptions (
    merchant_id text not null,
    store_id text not null,
    topic text not null,
    subscribed_at timestamptz(3),
    checked_at timestamptz(3) not null,
    lost_at timestamptz(3),
    reason text,
    constraint pk_webhook_subscriptions primary key (merchant_id, store_id, topic),
    constraint fk_webhook_subscriptions_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
"""
RIGHTS = {
    "inbound_events": "select, insert, update, delete",
    "customer_contacts": "select, insert, update, delete",
    "webhook_subscriptions": "select, insert, update, delete",
}
OF_NO_TENANT = """
create table schedule_runs (
    schedule text not null,
    period timestamptz(3) not null,
    begun_at timestamptz(3) default now() not null,
    constraint pk_schedule_runs primary key (schedule, period)
);
grant select, insert, delete on schedule_runs to loyalnest_app;
"""
QUESTIONS = {
    "all_merchants(text, integer)": """
        create function all_merchants(after text, most integer) returns setof text
        language sql stable security definer set search_path = public, pg_temp as $$
            select merchant_id from merchants where merchant_id > after
            order by merchant_id limit most
        $$
    """
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
    op.execute(OF_NO_TENANT)
    let_dispatch_see("merchants", "merchant_id")
    create_questions(QUESTIONS)
