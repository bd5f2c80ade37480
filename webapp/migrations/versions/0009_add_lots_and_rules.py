"""Lots behind the balance, versioned earning rules, one member over several store customers.

Every entry, lot and deficit belongs to the row of `users` that its store customer was first met as,
for ever. Which person that is says `users.merged_into`, so merging two people moves a pointer and
parting them moves it back; nothing that was written changes.
"""

from alembic import op

from webapp.migrations.protection import create_tables, partition

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = """
alter table users
    add column merged_into text,
    add constraint fk_users_merged_into
        foreign key (merchant_id, merged_into) references users (merchant_id, customer_id),
    add constraint ck_users_merged_into check (merged_into <> customer_id);
create index idx_users_merged_into on users (merchant_id, merged_into)
    where merged_into is not null;

alter table customer_identities
    add column linking_consent boolean,
    add column linking_consent_at timestamptz(3);

alter table customer_contacts
    add column email_hash bytea,
    add column phone_hash bytea,
    add column email_verified boolean default false not null,
    add column phone_verified boolean default false not null;
create index idx_customer_contacts_email_hash on customer_contacts (merchant_id, email_hash)
    where email_hash is not null;
create index idx_customer_contacts_phone_hash on customer_contacts (merchant_id, phone_hash)
    where phone_hash is not null;

alter table orders
    add column basis_minor bigint,
    add column discount_codes text[],
    add column cancelled_at timestamptz(3),
    add column updated_at timestamptz(3),
    add constraint ck_orders_basis check (basis_minor >= 0);
grant update (basis_minor, cancelled_at, updated_at) on orders to loyalnest_app;

alter table refunds
    add column order_key text,
    add column basis_minor bigint,
    add constraint ck_refunds_basis check (basis_minor >= 0);
create index idx_refunds_order_key on refunds (merchant_id, store_id, order_key)
    where order_key is not null;

alter table customer_cards
    add column pending bigint default 0 not null,
    add column changes_at timestamptz(3),
    add column tier text,
    add column score bigint default 0 not null,
    add column score_net bigint default 0 not null,
    add column score_cycle text,
    add constraint ck_customer_cards_pending check (pending >= 0),
    add constraint ck_customer_cards_score check (score >= 0);
create index idx_customer_cards_changes_at on customer_cards (merchant_id, changes_at)
    where changes_at is not null;

alter table points_transactions
    add column rate numeric(14, 6),
    add column available_at timestamptz(3),
    add column expires_at timestamptz(3),
    add column parent_id bigint,
    add column redemption_id text,
    add column reason text,
    alter column basis_minor set default 0,
    alter column currency drop not null;
create index idx_points_transactions_redemption_id
    on points_transactions (merchant_id, redemption_id) where redemption_id is not null;
"""

TABLES = """
create table program_settings (
    merchant_id text not null,
    multi_store_config jsonb
        default '{"shared_stores": [], "shared_leaderboard": false}' not null,
    theme_extension_config jsonb default '{}' not null,
    timezone text default 'UTC' not null,
    currency text,
    pepper bytea,
    updated_at timestamptz(3) default now() not null,
    constraint pk_program_settings primary key (merchant_id),
    constraint fk_program_settings_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);
create index idx_program_settings_merchant_id on program_settings (merchant_id);

create table points_rules (
    merchant_id text not null,
    rule_version smallint not null,
    valid_from timestamptz(3) not null,
    hold_days smallint not null,
    return_policy text not null,
    expiry_days integer,
    imports_expire_from text not null,
    signup_points integer not null,
    birthday_points integer not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_points_rules primary key (merchant_id, rule_version),
    constraint fk_points_rules_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_points_rules_hold_days check (hold_days between 0 and 365),
    constraint ck_points_rules_return_policy
        check (return_policy in ('only_pending', 'within_balance', 'unlimited')),
    constraint ck_points_rules_expiry_days check (expiry_days between 1 and 3660),
    constraint ck_points_rules_imports_expire_from
        check (imports_expire_from in ('import', 'order')),
    constraint ck_points_rules_signup_points check (signup_points >= 0),
    constraint ck_points_rules_birthday_points check (birthday_points >= 0)
);

create table points_rates (
    merchant_id text not null,
    rule_version smallint not null,
    store_id text not null,
    rate numeric(14, 6) not null,
    constraint pk_points_rates primary key (merchant_id, rule_version, store_id),
    constraint fk_points_rates_points_rules
        foreign key (merchant_id, rule_version) references points_rules (merchant_id, rule_version),
    constraint fk_points_rates_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_points_rates_rate check (rate >= 0)
);

create table points_lots (
    merchant_id text not null,
    customer_id text not null,
    transaction_id bigint not null,
    order_id bigint,
    points bigint not null,
    remaining bigint not null,
    reversed bigint default 0 not null,
    uncollected bigint default 0 not null,
    available_at timestamptz(3) not null,
    expires_at timestamptz(3),
    constraint pk_points_lots primary key (merchant_id, customer_id, transaction_id),
    constraint ck_points_lots_points check (points > 0),
    constraint ck_points_lots_remaining check (remaining between 0 and points),
    constraint ck_points_lots_reversed check (reversed between 0 and points),
    constraint ck_points_lots_uncollected check (uncollected between 0 and reversed)
) partition by hash (merchant_id);

create table lot_allocations (
    merchant_id text not null,
    customer_id text not null,
    debit_id bigint not null,
    lot_id bigint not null,
    points bigint not null,
    returned bigint default 0 not null,
    constraint pk_lot_allocations primary key (merchant_id, customer_id, debit_id, lot_id),
    constraint fk_lot_allocations_points_transactions
        foreign key (merchant_id, customer_id, debit_id)
            references points_transactions (merchant_id, customer_id, transaction_id),
    constraint fk_lot_allocations_points_lots
        foreign key (merchant_id, customer_id, lot_id)
            references points_lots (merchant_id, customer_id, transaction_id),
    constraint ck_lot_allocations_points check (points > 0),
    constraint ck_lot_allocations_returned check (returned between 0 and points)
);

create table points_deficits (
    merchant_id text not null,
    customer_id text not null,
    points bigint not null,
    constraint pk_points_deficits primary key (merchant_id, customer_id),
    constraint fk_points_deficits_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint ck_points_deficits_points check (points >= 0)
);
"""

RIGHTS = {
    "program_settings": "select, insert, update",
    "points_rules": "select, insert",
    "points_rates": "select, insert",
    "points_lots": "select, insert, update",
    "lot_allocations": "select, insert, update",
    "points_deficits": "select, insert, update",
}

# Entries from before there were lots: what was earned is there to be spent, and never expires. The
# owner of the tables sees their rows only while row-level security is not forced.
LOTS_OF_OLD_ENTRIES = """
alter table points_transactions no force row level security;
alter table points_lots no force row level security;
insert into points_lots (
    merchant_id, customer_id, transaction_id, order_id, points, remaining, available_at
)
select merchant_id, customer_id, transaction_id, order_id, points, points, occurred_at
from points_transactions where type = 'earn' and points > 0;
alter table points_transactions force row level security;
alter table points_lots force row level security;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    create_tables(TABLES, RIGHTS)
    partition(("points_lots",))
    op.execute(LOTS_OF_OLD_ENTRIES)
    op.execute(
        "create trigger points_lots_of_customers after insert on points_lots "
        "referencing new table as added "
        "for each statement execute function refuse_strangers()"
    )
