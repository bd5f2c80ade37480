"""What Shopify asks a merchant for is what the code works with."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from webapp.features.accounts.domain.plans import PLANS
from webapp.features.accounts.domain.scopes import OPTIONAL, REQUIRED, missing_scopes
from webapp.features.accounts.pages.stores import ENABLES

CONFIGURED = tomllib.loads((Path(__file__).parents[2] / "shopify.app.toml").read_text())


def test_scopes_are_those_of_the_configuration_file() -> None:
    asked = CONFIGURED["access_scopes"]
    assert tuple(asked["scopes"].split(",")) == REQUIRED
    assert tuple(asked["optional_scopes"]) == OPTIONAL


def test_every_scope_is_explained() -> None:
    assert set(ENABLES) == {*REQUIRED, *OPTIONAL}


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ((), REQUIRED),
        (REQUIRED, ()),
        ((*REQUIRED[1:], "write_orders"), ()),
        (("read_orders", "read_customers"), REQUIRED[1:]),
    ],
)
def test_to_write_includes_to_read(granted: tuple[str, ...], missing: tuple[str, ...]) -> None:
    assert missing_scopes(granted) == missing


def test_app_opens_inside_shopifys_admin() -> None:
    assert CONFIGURED["embedded"] is True
    assert CONFIGURED["application_url"].endswith("/app/")
    assert all(url.endswith("/auth/callback") for url in CONFIGURED["auth"]["redirect_urls"])


def test_larger_plans_cost_and_allow_more() -> None:
    plans = list(PLANS.values())
    assert [p.price.minor for p in plans] == sorted(p.price.minor for p in plans)
    limits = [(p.stores or 10**9, p.members or 10**9) for p in plans]
    assert limits == sorted(limits)
    assert all(set(a.features) <= set(b.features) for a, b in pairwise(plans))
