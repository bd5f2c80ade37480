"""What becomes of orders after they are paid, and who is behind them."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    return
