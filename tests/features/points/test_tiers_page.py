"""The Tiers page, as a merchant uses it."""

import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from jobs.drain import drain_for
from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from tests.features.points import buying
from tests.features.points.buying import at
from webapp.app import create_app
from webapp.core import i18n
from webapp.core.db import Database
from webapp.features.points.domain.starter import starter_thresholds
from webapp.features.points.domain.tiers import Policy
from webapp.features.points.queries import tiers as stored
from webapp.parts import Parts

TERMS = {"basis": "spend", "window": "year", "days": "365", "downgrade": "never", "grace_days": "0"}


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database)


@pytest.fixture
def web(held: Parts, tenant: Tenant) -> FlaskClient:
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    return client


def send(web: FlaskClient, action: str, **fields: object) -> tuple[int, str]:
    """(status, page) after a form of the page was sent."""
    token = re.search(r'name="form_token" value="([^"]+)"', web.get("/admin/tiers").text)
    assert token
    form = {"form_token": token[1], **fields}
    response = web.post(f"/admin/tiers/{action}", data=form, follow_redirects=True)
    return response.status_code, response.text


def ladder(database: Database, tenant: Tenant) -> list[stored.Tier]:
    with database.transaction(tenant.merchant_id) as ctx:
        return list(stored.tiers(ctx))


def terms_of(tiers: list[stored.Tier], *thresholds: str) -> dict[str, str]:
    """The form with these thresholds, and twice the points."""
    fields = dict(TERMS)
    for tier, threshold in zip(tiers, thresholds, strict=True):
        fields |= {f"threshold-{tier.tier_id}": threshold, f"multiplier-{tier.tier_id}": "2"}
    return fields


def test_three_tiers_with_one_click_in_all_languages(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    status, page = send(web, "starter")
    tiers = ladder(database, tenant)
    assert (status, [t.threshold for t in tiers]) == (200, [200_00, 500_00, 1000_00])
    assert all(set(t.names) == set(i18n.LOCALES) for t in tiers)
    assert "Platinum" in page
    assert send(web, "starter")[0] == 409


def test_a_preview_saves_nothing_and_saving_moves_the_members(
    web: FlaskClient, database: Database, tenant: Tenant, held: Parts
) -> None:
    send(web, "starter")
    with database.transaction(tenant.merchant_id) as ctx:
        rich, _ = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        buying.buy(ctx, tenant.store_id, rich, 60_00, at("2026-03-01"))
    tiers = ladder(database, tenant)
    fields = terms_of(tiers, "10.50", "50", "70,00")
    status, page = send(web, "preview", **fields)
    rows = re.findall(r'<th scope="row">(?:<bdi>)?([^<]+).*?figure">(\d+).*?figure">(\d+)', page)
    assert status == 200
    assert rows == [
        ("Silver", "0", "0"),
        ("Gold", "0", "1"),
        ("Platinum", "0", "0"),
        ("No tier", "2", "1"),
    ]
    assert 'value="10.50"' in page and ladder(database, tenant) == tiers
    assert send(web, "save", **fields)[0] == 200
    while drain_for(held, "points.judge_everybody", 1):
        continue
    with database.transaction(tenant.merchant_id) as ctx:
        assert stored.sizes(ctx) == {tiers[1].tier_id: 1}
        assert stored.policy(ctx) == Policy("spend", "year", 365, "never", 0)
        audited = text("select metadata from audit_logs where action = 'tier_policy_changed'")
        assert ctx.db.scalar(audited)["tiers"][tiers[0].tier_id] == [10_50, "2"]


REFUSED = [
    {"days": "0"},
    {"days": "many"},
    {"basis": "hours"},
    {"grace_days": "366"},
    {"downgrade": "sometimes"},
    {"threshold": "-5"},
    {"threshold": "10.505"},
    {"multiplier": "0.9"},
    {"multiplier": "NaN"},
]


@pytest.mark.parametrize("wrong", REFUSED)
@pytest.mark.parametrize("action", ["save", "preview"])
def test_what_cannot_be_is_refused_and_kept_in_the_form(
    web: FlaskClient, database: Database, tenant: Tenant, wrong: dict[str, str], action: str
) -> None:
    send(web, "starter")
    tiers = ladder(database, tenant)
    first = {f"{name}-{tiers[0].tier_id}": value for name, value in wrong.items()}
    fields = terms_of(tiers, "77", "88", "99") | wrong | first
    status, page = send(web, action, **fields)
    assert status == 422 and 'role="alert"' in page
    assert 'value="88"' in page and ladder(database, tenant) == tiers


def test_two_tiers_cannot_begin_at_the_same_point_but_can_trade_places(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    send(web, "starter")
    tiers = ladder(database, tenant)
    assert send(web, "save", **terms_of(tiers, "200", "200", "1000"))[0] == 409
    assert send(web, "save", **terms_of(tiers, "500", "200", "1000"))[0] == 200
    assert [t.name("en") for t in ladder(database, tenant)] == ["Gold", "Silver", "Platinum"]


def test_a_tier_is_added_renamed_and_removed(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    new = {"name-en": "Moss", "name-ar": "طحلب", "threshold": "12.50", "multiplier": "1,125"}
    assert send(web, "create", **new)[0] == 200
    (tier,) = ladder(database, tenant)
    assert (tier.threshold, tier.multiplier) == (12_50, Decimal("1.125"))
    assert tier.names == {"en": "Moss", "ar": "طحلب"}
    assert (
        send(web, "rename", tier_id=tier.tier_id, **{"name-en": "", "name-fr": "Mousse"})[0] == 422
    )
    assert send(web, "rename", tier_id=tier.tier_id, **{"name-en": "x" * 41})[0] == 422
    assert send(web, "rename", tier_id=tier.tier_id, **{"name-en": "Fern <b>"})[0] == 200
    assert "Fern &lt;b&gt;" in web.get("/admin/tiers").text
    assert send(web, "remove", tier_id=tier.tier_id)[0] == 200
    assert ladder(database, tenant) == []
    assert send(web, "remove", tier_id=tier.tier_id)[0] == 404


def test_another_merchants_tiers_cannot_be_touched(web: FlaskClient, database: Database) -> None:
    other = make_tenant(database)
    with database.transaction(other.merchant_id) as ctx:
        from_service = text(
            "insert into vip_tiers (merchant_id, tier_id, names, default_locale, threshold, "
            "multiplier) values (:m, 'tier_other', '{\"en\": \"X\"}', 'en', 5, 1)"
        )
        ctx.db.execute(from_service, {"m": ctx.merchant_id})
    assert send(web, "remove", tier_id="tier_other")[0] == 404
    assert send(web, "rename", tier_id="tier_other", **{"name-en": "Mine"})[0] == 404
    assert [t.tier_id for t in ladder(database, other)] == ["tier_other"]


@given(st.lists(st.integers(0, 10**9), max_size=200), st.sampled_from([1, 100, 1000]))
def test_first_thresholds_rise_and_are_whole_units(values: list[int], unit: int) -> None:
    found = starter_thresholds(values, unit)
    assert list(found) == sorted(set(found)) and found[0] >= unit
    assert all(threshold % unit == 0 for threshold in found)


def test_first_thresholds_fit_what_members_have_bought() -> None:
    bought = [100 * n for n in range(1, 1001)]
    assert starter_thresholds(bought, 100) == (500_00, 800_00, 900_00)
    assert starter_thresholds(bought[:19], 100) == (200_00, 500_00, 1000_00)
    assert starter_thresholds([], 1) == (20_000, 50_000, 100_000)
