"""Points that come, go and return, each once: vectors of the field's pitfalls."""

from datetime import UTC, datetime

import pytest

from tests.factories import FixedClock
from tests.features.points.ledgers import Shop
from webapp.core.db import Database
from webapp.core.errors import AppError


@pytest.fixture
def shop(database: Database, clock: FixedClock) -> Shop:
    return Shop(database, clock)


def insufficient(shop: Shop, member: str, points: int) -> bool:
    try:
        shop.redeem(member, points)
    except AppError as error:
        return error.kind.code == "insufficient_points"
    return False


def test_debit_takes_what_expires_soonest_first(shop: Shop) -> None:
    home = shop.member()
    shop.credit(home, 100, expires_at=datetime(2027, 6, 1, tzinfo=UTC))
    shop.credit(home, 100, expires_at=datetime(2027, 1, 1, tzinfo=UTC))
    shop.credit(home, 50)
    redemption = shop.redeem(home, 130)
    assert (shop.lots(home), shop.card(home)) == ([70, 0, 50], (120, 0))
    assert shop.give_back(redemption) == 130
    assert (shop.lots(home), shop.card(home)) == ([100, 100, 50], (250, 0))
    assert shop.give_back(redemption) == 0


def test_merged_homes_pay_together_and_part_again(shop: Shop) -> None:
    one, two = shop.member(), shop.member(store_id=shop.add_store())
    shop.credit(one, 500)
    shop.credit(two, 100)
    shop.merge(two, one)
    assert shop.card(one) == (600, 0)
    assert shop.card(two) == (0, 0)
    shop.redeem(one, 550)
    assert (shop.entries(one), shop.entries(two)) == (
        [("bonus", 500), ("redeem", -500)],
        [("bonus", 100), ("redeem", -50)],
    )
    shop.part(two, one)
    assert (shop.spendable(one), shop.spendable(two)) == (0, 50)
    assert (shop.card(one), shop.card(two)) == ((0, 0), (50, 0))


def test_a_key_counts_once(shop: Shop) -> None:
    home = shop.member()
    assert shop.credit(home, 100, key="bonus:1") is not None
    assert shop.credit(home, 100, key="bonus:1") is None
    shop.redeem(home, 40, key="r1")
    shop.redeem(home, 40, key="r1")
    assert shop.spendable(home) == 60


def test_nobody_spends_more_than_they_have(shop: Shop) -> None:
    home = shop.member()
    shop.credit(home, 100)
    assert insufficient(shop, home, 101)
    shop.redeem(home, 100)
    assert insufficient(shop, home, 1)
