"""Members who bring their friends: links, what is given, claims, and what is counted of them."""

from webapp.migrations.protection import create_tables

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
create table referral_links (
    merchant_id text not null,
    code text not null,
    customer_id text not null,
    clicks bigint default 0 not null,
    created_at timestamptz(3) not null,
    constraint pk_referral_links primary key (merchant_id, code),
    constraint uq_referral_links_merchant_id_customer_id unique (merchant_id, customer_id),
    constraint fk_referral_links_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint ck_referral_links_clicks check (clicks >= 0)
);

create table referral_settings (
    merchant_id text not null,
    enabled boolean not null,
    advocate_points integer not null,
    friend_points integer not null,
    offer text not null,
    percentage smallint,
    amounts jsonb default '{}' not null,
    minimums jsonb default '{}' not null,
    hold_days smallint,
    monthly_cap smallint,
    review_from smallint not null,
    updated_at timestamptz(3) not null,
    constraint pk_referral_settings primary key (merchant_id),
    constraint fk_referral_settings_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_referral_settings_advocate_points
        check (advocate_points between 0 and 1000000),
    constraint ck_referral_settings_friend_points check (friend_points between 0 and 1000000),
    constraint ck_referral_settings_offer
        check (offer in ('none', 'percentage', 'amount', 'free_shipping')),
    constraint ck_referral_settings_percentage check (percentage between 1 and 100),
    constraint ck_referral_settings_hold_days check (hold_days between 0 and 365),
    constraint ck_referral_settings_monthly_cap check (monthly_cap >= 1),
    constraint ck_referral_settings_review_from check (review_from >= 1)
);

create table referral_claims (
    merchant_id text not null,
    claim_id text not null,
    code text not null,
    advocate text not null,
    store_id text not null,
    external_id text,
    email_hash bytea,
    friend text,
    state text not null,
    reason text,
    in_review boolean default false not null,
    offer jsonb not null,
    advocate_points integer not null,
    friend_points integer not null,
    minimum_minor bigint not null,
    hold_days smallint not null,
    discount_code text,
    discount_state text not null,
    discount_id text,
    order_id bigint,
    ordered_at timestamptz(3),
    hold_until timestamptz(3),
    advocate_key text,
    friend_key text,
    claimed_at timestamptz(3) not null,
    rewarded_at timestamptz(3),
    decided_at timestamptz(3),
    constraint pk_referral_claims primary key (merchant_id, claim_id),
    constraint fk_referral_claims_referral_links
        foreign key (merchant_id, code) references referral_links (merchant_id, code),
    constraint fk_referral_claims_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint fk_referral_claims_advocate
        foreign key (merchant_id, advocate) references users (merchant_id, customer_id),
    constraint fk_referral_claims_friend
        foreign key (merchant_id, friend) references users (merchant_id, customer_id),
    constraint ck_referral_claims_state
        check (state in ('claimed', 'ordered', 'held', 'rewarded', 'refused', 'void')),
    constraint ck_referral_claims_discount_state
        check (discount_state in ('none', 'wanted', 'made', 'failed'))
);
create unique index uq_referral_claims_customer
    on referral_claims (merchant_id, store_id, external_id)
    where external_id is not null;
create unique index uq_referral_claims_email_hash on referral_claims (merchant_id, email_hash)
    where email_hash is not null;
create unique index uq_referral_claims_discount_code
    on referral_claims (merchant_id, discount_code) where discount_code is not null;
create index idx_referral_claims_hold_until on referral_claims (merchant_id, hold_until)
    where state = 'held';
create index idx_referral_claims_order_id on referral_claims (merchant_id, order_id)
    where order_id is not null;
create index idx_referral_claims_friend on referral_claims (merchant_id, friend)
    where friend is not null;
create index idx_referral_claims_merchant_id_advocate on referral_claims (merchant_id, advocate);

create table referral_refusals (
    merchant_id text not null,
    code text not null,
    day date not null,
    reason text not null,
    refused integer not null,
    constraint pk_referral_refusals primary key (merchant_id, code, day, reason),
    constraint fk_referral_refusals_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);

create table referral_clicks (
    merchant_id text not null,
    code text not null,
    day date not null,
    visitor bytea not null,
    constraint pk_referral_clicks primary key (merchant_id, code, day, visitor),
    constraint fk_referral_clicks_referral_links
        foreign key (merchant_id, code) references referral_links (merchant_id, code)
);
"""

RIGHTS = {
    "referral_links": "select, insert, update (clicks)",
    "referral_settings": "select, insert, update",
    "referral_claims": "select, insert, update",
    "referral_refusals": "select, insert, update",
    "referral_clicks": "select, insert, delete",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
