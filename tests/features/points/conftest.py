"""Shops whose members have rewards for their points."""

import pytest

from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.parts import Parts


@pytest.fixture
def shop(held: Parts, standins: Standins) -> Rewarding:
    """Customer 7 holds 1,200 points."""
    made = Rewarding(held, standins)
    made.credit(made.member("7"), 1_200)
    return made


@pytest.fixture
def home(shop: Rewarding) -> str:
    [(found,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    return str(found)
