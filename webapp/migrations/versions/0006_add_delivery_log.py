"""What was sent, for the page of deliveries; and counts of product events."""

from webapp.migrations.protection import create_tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
create table delivery_log (
    merchant_id text not null,
    handler text not null,
    message_id bigint not null,
    destination text not null,
    topic text not null,
    attempts smallint not null,
    took_ms integer not null,
    reason text,
    sent_at timestamptz(3) default clock_timestamp() not null,
    constraint pk_delivery_log primary key (merchant_id, handler, message_id)
);
create index idx_delivery_log_merchant_id_sent_at on delivery_log (merchant_id, sent_at);

create table product_events (
    merchant_id text not null,
    day date not null,
    event text not null,
    count bigint not null,
    constraint pk_product_events primary key (merchant_id, day, event)
);
"""


def upgrade() -> None:
    create_tables(
        TABLES,
        {
            "delivery_log": "select, insert, delete",
            "product_events": "select, insert, update",
        },
    )
