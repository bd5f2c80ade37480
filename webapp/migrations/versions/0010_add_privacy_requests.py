"""What becomes of orders after they are paid, who is behind them, and what must be forgotten.

A refund does not say whether prices included the tax it gives back; its order does. Until the order
is known, `tax_minor` keeps the open part.
"""

from alembic import op

from webapp.migrations.protection import create_tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = """
alter table orders add column taxes_included boolean;

alter table refunds
    add column tax_minor bigint,
    add constraint ck_refunds_tax check (tax_minor >= 0);
create index idx_refunds_waiting on refunds (merchant_id, store_id)
    where tax_minor is not null;
grant update (customer_id, basis_minor, tax_minor) on refunds to loyalnest_app;

alter table customer_contacts
    add column email_consent_at timestamptz(3),
    add column sms_consent_at timestamptz(3);
create index idx_customer_contacts_unhashed on customer_contacts (merchant_id)
    where email is not null and email_hash is null or phone is not null and phone_hash is null;
"""

TABLES = """
create table privacy_requests (
    merchant_id text not null,
    request_id text not null,
    store_id text not null,
    kind text not null,
    external_id text,
    reference text not null,
    order_keys text[] default '{}' not null,
    received_at timestamptz(3) not null,
    due_at timestamptz(3) not null,
    done_at timestamptz(3),
    constraint pk_privacy_requests primary key (merchant_id, request_id),
    constraint uq_privacy_requests_merchant_id_store_id_kind_reference
        unique (merchant_id, store_id, kind, reference),
    constraint fk_privacy_requests_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_privacy_requests_kind
        check (kind in ('data_request', 'customer_redact', 'shop_redact'))
);

create table redactions (
    merchant_id text not null,
    redaction_id text not null,
    store_id text not null,
    external_id text,
    order_keys text[] default '{}' not null,
    asked_at timestamptz(3) not null,
    redacted_at timestamptz(3) not null,
    constraint pk_redactions primary key (merchant_id, redaction_id),
    constraint fk_redactions_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
"""

RIGHTS = {
    "privacy_requests": "select, insert, update",
    "redactions": "select, insert",
}

# Consents were as old as the customer they came with. The owner of the table sees its rows only
# while row-level security is not forced.
TIMES_OF_OLD_CONSENTS = """
alter table customer_contacts no force row level security;
update customer_contacts set email_consent_at = updated_at, sms_consent_at = updated_at;
alter table customer_contacts force row level security;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(TIMES_OF_OLD_CONSENTS)
    create_tables(TABLES, RIGHTS)
