"""Events are kept with one index less, and what is sealed is not compressed in vain. A delivery is
due when it is written, and not up to half a millisecond later."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
drop index idx_inbound_events_unapplied;
drop index idx_inbound_events_subject;
create index idx_inbound_events_unapplied on inbound_events (merchant_id, subject)
    where applied_at is null;
alter table inbound_events alter column body set storage external;
alter table deliveries alter column due_at type timestamptz
"""


def upgrade() -> None:
    for statement in UP.split(";"):
        op.execute(statement)
