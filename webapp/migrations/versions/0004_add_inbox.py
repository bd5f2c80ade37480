"""What others told us, once each, until it is applied; and what is done periodically."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
