"""Tiers, and which one each member is in."""

from webapp.migrations.protection import create_tables

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
create table tier_settings (
    merchant_id text not null,
    basis text not null,
    evaluation_window text not null,
    window_days smallint not null,
    downgrade text not null,
    grace_days smallint not null,
    updated_at timestamptz(3) default now() not null,
    constraint pk_tier_settings primary key (merchant_id),
    constraint fk_tier_settings_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_tier_settings_basis check (basis in ('spend', 'points', 'orders')),
    constraint ck_tier_settings_evaluation_window
        check (evaluation_window in ('rolling', 'year', 'lifetime')),
    constraint ck_tier_settings_window_days check (window_days between 1 and 3660),
    constraint ck_tier_settings_downgrade
        check (downgrade in ('never', 'at_once', 'period_end')),
    constraint ck_tier_settings_grace_days check (grace_days between 0 and 365)
);

create table vip_tiers (
    merchant_id text not null,
    tier_id text not null,
    names jsonb not null,
    default_locale text not null,
    threshold bigint not null,
    multiplier numeric(6, 3) not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_vip_tiers primary key (merchant_id, tier_id),
    constraint uq_vip_tiers_merchant_id_threshold unique (merchant_id, threshold) deferrable,
    constraint fk_vip_tiers_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_vip_tiers_names check (
        names ? default_locale and names - array[
            'en', 'es', 'de', 'ja', 'fr', 'pt', 'ru', 'it', 'nl', 'pl', 'tr', 'fa', 'zh-CN', 'vi',
            'id', 'cs', 'ar', 'ko', 'uk', 'hu', 'sv', 'he'
        ] = '{}'::jsonb
    ),
    constraint ck_vip_tiers_threshold check (threshold > 0),
    constraint ck_vip_tiers_multiplier check (multiplier >= 1)
);

create table member_tiers (
    merchant_id text not null,
    customer_id text not null,
    tier_id text,
    value bigint not null,
    since timestamptz(3) not null,
    keeps_until timestamptz(3),
    next_at timestamptz(3),
    constraint pk_member_tiers primary key (merchant_id, customer_id),
    constraint fk_member_tiers_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint fk_member_tiers_vip_tiers
        foreign key (merchant_id, tier_id) references vip_tiers (merchant_id, tier_id),
    constraint ck_member_tiers_value check (value >= 0)
);
create index idx_member_tiers_next_at on member_tiers (merchant_id, next_at)
    where next_at is not null;
create index idx_member_tiers_tier_id on member_tiers (merchant_id, tier_id)
    where tier_id is not null;
"""
RIGHTS = {
    "tier_settings": "select, insert, update",
    "vip_tiers": "select, insert, update, delete",
    "member_tiers": "select, insert, update",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
