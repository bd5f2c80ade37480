"""What was sent, for the page of deliveries; and events for product analytics."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
