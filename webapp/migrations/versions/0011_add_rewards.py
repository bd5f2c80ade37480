"""Rewards, and what members have redeemed."""

from webapp.migrations.protection import create_tables

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LOCALES = (
    "array['en', 'es', 'de', 'ja', 'fr', 'pt', 'ru', 'it', 'nl', 'pl', 'tr', 'fa', 'zh-CN', 'vi', "
    "'id', 'cs', 'ar', 'ko', 'uk', 'hu', 'sv', 'he']"
)

TABLES = f"""
create table rewards (
    merchant_id text not null,
    reward_id text not null,
    kind text not null,
    points bigint not null,
    amounts jsonb default '{{}}' not null,
    percent smallint,
    product text,
    minimums jsonb default '{{}}' not null,
    stores text[],
    stock integer,
    default_locale text not null,
    names jsonb not null,
    descriptions jsonb default '{{}}' not null,
    valid_days integer not null,
    return_on_expiry text not null,
    active boolean not null,
    position integer not null,
    created_at timestamptz(3) default now() not null,
    updated_at timestamptz(3) default now() not null,
    constraint pk_rewards primary key (merchant_id, reward_id),
    constraint fk_rewards_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_rewards_kind
        check (kind in ('amount_off', 'percentage', 'free_shipping', 'free_product')),
    constraint ck_rewards_value check (
        (kind <> 'amount_off' or amounts <> '{{}}')
        and (kind <> 'percentage' or percent is not null)
        and (kind <> 'free_product' or product is not null)
    ),
    constraint ck_rewards_points check (points > 0),
    constraint ck_rewards_percent check (percent between 1 and 100),
    constraint ck_rewards_product
        check (product ~ '^gid://shopify/Product(Variant)?/[0-9]{{1,19}}$'),
    constraint ck_rewards_stock check (stock >= 0),
    constraint ck_rewards_names check (names ? default_locale and names - {LOCALES} = '{{}}'),
    constraint ck_rewards_descriptions check (descriptions - {LOCALES} = '{{}}'),
    constraint ck_rewards_valid_days check (valid_days between 1 and 3660),
    constraint ck_rewards_return_on_expiry check (return_on_expiry in ('return', 'keep'))
);

create table redemptions (
    merchant_id text not null,
    redemption_id text not null,
    reward_id text not null,
    member_id text not null,
    customer_id text not null,
    store_id text not null,
    external_id text not null,
    points bigint not null,
    terms jsonb not null,
    state text not null,
    returned boolean default false not null,
    reason text,
    code text not null,
    discount_id text,
    expires_at timestamptz(3) not null,
    order_key text,
    idempotency_key text not null,
    redeemed_at timestamptz(3) not null,
    changed_at timestamptz(3) not null,
    constraint pk_redemptions primary key (merchant_id, redemption_id),
    constraint uq_redemptions_merchant_id unique (merchant_id, idempotency_key),
    constraint uq_redemptions_code unique (merchant_id, store_id, code),
    constraint fk_redemptions_rewards
        foreign key (merchant_id, reward_id) references rewards (merchant_id, reward_id),
    constraint fk_redemptions_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint fk_redemptions_member
        foreign key (merchant_id, member_id) references users (merchant_id, customer_id),
    constraint fk_redemptions_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_redemptions_points check (points > 0),
    constraint ck_redemptions_state check (
        state in ('preparing', 'ready', 'used', 'cancelling', 'returned', 'expired', 'failed')
    )
);
create index idx_redemptions_merchant_id_customer_id on redemptions (merchant_id, customer_id);
create index idx_redemptions_expires_at on redemptions (merchant_id, expires_at)
    where state = 'ready';
"""

RIGHTS = {
    "rewards": "select, insert, update",
    "redemptions": "select, insert, update",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
