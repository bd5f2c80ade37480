"""How the widgets are configured, what the stores know of it, and where they were shown."""

from webapp.migrations.protection import create_tables

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = """
create table theme_configurations (
    merchant_id text not null,
    revision bigint not null,
    configuration jsonb not null,
    widget text not null,
    undoes bigint,
    actor_kind text not null,
    actor_id text,
    created_at timestamptz(3) not null,
    constraint pk_theme_configurations primary key (merchant_id, revision),
    constraint fk_theme_configurations_merchants
        foreign key (merchant_id) references merchants (merchant_id)
);

create table theme_stores (
    merchant_id text not null,
    store_id text not null,
    revision bigint,
    published_at timestamptz(3),
    theme_name text,
    blocks jsonb default '[]' not null,
    looked_at timestamptz(3),
    problem text,
    constraint pk_theme_stores primary key (merchant_id, store_id),
    constraint fk_theme_stores_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

create table widget_renders (
    merchant_id text not null,
    store_id text not null,
    widget text not null,
    placement text not null,
    rendered_on date not null,
    constraint pk_widget_renders
        primary key (merchant_id, store_id, widget, placement, rendered_on),
    constraint fk_widget_renders_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
"""

RIGHTS = {
    "theme_configurations": "select, insert",
    "theme_stores": "select, insert, update",
    "widget_renders": "select, insert",
}


def upgrade() -> None:
    create_tables(TABLES, RIGHTS)
