"""A/B tests of widgets, and which customers saw which version."""

from webapp.migrations.protection import create_tables

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = """
create table widget_tests (
    merchant_id text not null,
    test_id text not null,
    widget text not null,
    ordinary jsonb not null,
    variant jsonb not null,
    goal text not null,
    window_days integer not null,
    key text not null,
    started_at timestamptz(3) not null,
    ended_at timestamptz(3),
    outcome text,
    constraint pk_widget_tests primary key (merchant_id, test_id),
    constraint fk_widget_tests_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_widget_tests_goal check (goal in ('redemption', 'order')),
    constraint ck_widget_tests_window_days check (window_days between 1 and 30),
    constraint ck_widget_tests_outcome check (outcome in ('kept_a', 'took_b')),
    constraint ck_widget_tests_ended check ((ended_at is null) = (outcome is null))
);
create unique index idx_widget_tests_running on widget_tests (merchant_id, widget)
    where ended_at is null;

create table widget_exposures (
    merchant_id text not null,
    test_id text not null,
    store_id text not null,
    external_id text not null,
    arm text not null,
    exposed_at timestamptz(3) not null,
    redeemed_at timestamptz(3),
    constraint pk_widget_exposures primary key (merchant_id, test_id, store_id, external_id),
    constraint fk_widget_exposures_widget_tests
        foreign key (merchant_id, test_id) references widget_tests (merchant_id, test_id),
    constraint fk_widget_exposures_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_widget_exposures_arm check (arm in ('a', 'b'))
);
create index idx_widget_exposures_customer
    on widget_exposures (merchant_id, store_id, external_id);
"""

RIGHTS = {
    "widget_tests": "select, insert, update",
    "widget_exposures": "select, insert, update, delete",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
