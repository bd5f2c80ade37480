"""A device over real HTTP, called over real HTTP/2 by a certificate, with real commits."""

import httpx
import pytest

from tests.browser.served import served
from tests.features.wallet.holding import PUSH, TOKEN, Device, Holding
from tests.standins import Standins
from webapp.core.clock import SystemClock
from webapp.core.connections import Credentials
from webapp.demo.authority import Authority, make_authority
from webapp.demo.standins.apple_push import ApplePush
from webapp.gateways.apple_push import HttpApplePush
from webapp.gateways.calling import GatewayError
from webapp.parts import Parts


@pytest.fixture
def real(committed: Parts, standins: Standins, authority: Authority) -> Holding:
    made = Holding(committed, standins, authority)
    made.credit(made.member("7"), 1_200)
    return made


def test_a_card_follows_the_balance(real: Holding) -> None:
    with served(real.parts) as url, httpx.Client(base_url=url, trust_env=False) as client:
        path = real.link()
        phone = Device(client, client.get(path).content)
        assert phone.register() == 201
        assert (phone.fetch(), phone.fetch()) == (200, 304)
        [(home,)] = real.rows("select customer_id from customer_identities")
        real.credit(home, 50)
        real.follow()
        assert real.sends(PUSH) == 1
        standin = real.standins.standin("apple_push")
        assert isinstance(standin, ApplePush) and standin.pushes(TOKEN) == 1
        assert phone.hear() == 1
        assert phone.points == 1_250
        assert phone.unregister() == 200
        wrong = {"Authorization": f"ApplePass {'x' * 43}"}
        assert client.get(phone.path("passes", "a", "b"), headers=wrong).status_code == 401


def credentials_of(authority: Authority) -> Credentials:
    return Credentials("apple_wallet", authority.apple_values(), "apple_wallet:test")


def test_apple_takes_only_certificates_that_it_has_issued(
    standins: Standins, authority: Authority
) -> None:
    url = standins.url("apple_push")
    known = HttpApplePush(url, standins.trusted_ca)
    known.check(credentials_of(authority))
    stranger = make_authority(SystemClock().wall())
    with pytest.raises(GatewayError):
        HttpApplePush(url, standins.trusted_ca).check(credentials_of(stranger))
    with pytest.raises(GatewayError, match="no answer"):
        # Whose server's certificate we have no reason to trust is told nothing.
        HttpApplePush(url).check(credentials_of(authority))
    known.close()
