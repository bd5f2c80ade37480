"""A shop whose customer 7 has 1,200 points, and may have cards."""

import pytest

from tests.features.wallet.holding import Holding
from tests.standins import Standins
from webapp.demo.authority import Authority
from webapp.features.points import service as points
from webapp.parts import Parts


@pytest.fixture
def shop(held: Parts, standins: Standins, authority: Authority) -> Holding:
    made = Holding(held, standins, authority)
    made.credit(made.member("7"), 1_200)
    with made.open() as ctx:
        points.start_referral_programme(ctx)
    return made
