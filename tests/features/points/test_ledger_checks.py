"""What the ledger's own checks find where somebody has changed what they must not."""

import pytest
from sqlalchemy import text

from tests.factories import FixedClock
from tests.features.points.ledgers import Shop, balanced
from webapp.core.db import Database
from webapp.features.points.queries import checks


@pytest.fixture
def shop(database: Database, clock: FixedClock) -> Shop:
    return Shop(database, clock)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("update points_lots set remaining = remaining - 1", {"entries", "lots", "card"}),
        ("update customer_cards set points = 7", {"card", "balance"}),
        ("update users set points_balance = 7", {"balance"}),
        ("update customer_cards set pending = 7", {"card", "pending"}),
        (
            "insert into points_deficits select merchant_id, customer_id, 3 from users",
            {"entries", "card"},
        ),
    ],
)
def test_what_does_not_add_up_is_named(shop: Shop, sql: str, what: set[str]) -> None:
    home = shop.member()
    shop.order(home, 5000)
    assert balanced(shop, home)
    with shop.open() as ctx:
        ctx.db.execute(text(sql))
        found = checks.unbalanced(ctx, 9)
        assert len(checks.unbalanced(ctx, 1)) == 1
    assert {(one.customer_id, one.what) for one in found} == {(home, each) for each in what}


def test_replay_finds_points_in_the_wrong_lot(shop: Shop) -> None:
    home = shop.member()
    shop.order(home, 5000)
    shop.order(home, 5000)
    shop.redeem(home, 20)
    swap = "update points_lots set remaining = case remaining when 50 then 30 else 50 end"
    with shop.open() as ctx:
        ctx.db.execute(text(swap))
        assert len(checks.replayed(ctx, checks.sample(ctx, 5, "today"))) == 2
