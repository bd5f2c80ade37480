"""`doctor` names what is wrong before a card is made."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.features.wallet.holding import Holding, saves
from webapp.core.inbox import PLATFORM
from webapp.demo.authority import make_authority
from webapp.features.accounts import service as accounts
from webapp.features.wallet.commands import doctor
from webapp.features.wallet.domain.certificates import APPLE, apple_problems, google_problems


def codes(values: Mapping[str, str], shop: Holding, *, production: bool = False) -> list[str]:
    return [one.code for one in apple_problems(values, shop.clock.at, production=production)]


def test_good_keys_have_no_problem(shop: Holding, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(shop.parts.database, []) == 0
    assert "Cards can be made" in capsys.readouterr().out


def test_missing_keys_are_named(shop: Holding, capsys: pytest.CaptureFixture[str]) -> None:
    with shop.parts.database.transaction(PLATFORM) as ctx:
        for service in ("apple_wallet", "google_wallet"):
            accounts.remove_connection(ctx, service)
    assert doctor(shop.parts.database, ["--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in said["problems"]] == ["apple_missing", "google_missing"]
    assert "WWDR" in said["problems"][0]["text"]


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "apple_certificate_expired"), (30, "apple_certificate_expires"), (200, "")],
)
def test_the_end_of_a_certificate_is_told(shop: Holding, days: int, code: str) -> None:
    made = make_authority(shop.clock.at - timedelta(days=300), life=timedelta(days=300 + days))
    found = codes(made.apple_values(), shop)
    assert found == ([code] if code else [])
    saves(shop.parts, "apple_wallet", made.apple_values())
    assert doctor(shop.parts.database, []) == (1 if days < 0 else 0)


def test_what_does_not_fit_together_is_named(shop: Holding) -> None:
    good = shop.authority.apple_values()
    other = make_authority(shop.clock.at)
    for name, value, code in (
        ("private_key", other.private_key, "apple_key_mismatch"),
        ("pass_type_id", "pass.other", "apple_pass_type_mismatch"),
        ("team_id", "OTHERTEAM1", "apple_team_mismatch"),
        ("intermediate", other.intermediate, "apple_wwdr_mismatch"),
        ("certificate", "nonsense", "apple_unreadable"),
        ("private_key", "nonsense", "apple_unreadable"),
        ("intermediate", "", "apple_missing"),
    ):
        assert codes({**good, name: value}, shop) == [code], (name, code)


def test_production_takes_no_development_certificate(shop: Holding) -> None:
    assert codes(shop.authority.apple_values(), shop, production=True) == ["apple_development"]
    apple = make_authority(shop.clock.at, organisation=APPLE)
    assert codes(apple.apple_values(), shop, production=True) == []


def test_googles_issuer_and_key_are_looked_at(shop: Holding) -> None:
    good = shop.authority.google_values("http://127.0.0.1")
    for name, value, code in (
        ("issuer_id", "my issuer", "google_issuer"),
        ("service_account", "{}", "google_unreadable"),
        ("service_account", "nonsense", "google_unreadable"),
        ("service_account", "", "google_missing"),
    ):
        assert [p.code for p in google_problems({**good, name: value})] == [code]
    assert list(google_problems(good)) == []


def test_no_problem_says_a_key(shop: Holding) -> None:
    good = shop.authority.apple_values()
    for name in ("private_key", "certificate"):
        broken = {**good, name: good["private_key"].replace("A", "?")}
        for problem in apple_problems(broken, shop.clock.at, production=False):
            assert good["private_key"][40:60] not in problem.text
