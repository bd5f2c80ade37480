"""The Success page: each metric of the specification is measured, or listed as not yet measured."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from webapp.app import create_app
from webapp.core import discovery, i18n
from webapp.core.contract import Measured, Metric
from webapp.features.points import queries as points
from webapp.features.telemetry import pages
from webapp.features.telemetry.pages import SPECIFIED, Specified
from webapp.parts import Parts

CONTRACT = tomllib.loads((Path(__file__).parents[2] / "contract/contract.toml").read_text())
LABEL = ("success.test", "Something")


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_success")


@pytest.fixture
def web(held: Parts, tenant: Tenant) -> FlaskClient:
    client = create_app(held).test_client()
    sign_in(held, client, tenant, "analyst")
    return client


def goals_of_the_specification() -> list[tuple[str, str, float]]:
    """(feature, kind, goal) of every metric that the contract names."""
    found = []
    for feature, words in CONTRACT["success_metric"].items():
        for metric in words.split(";"):
            share, seconds = re.search(r"(\d+) %", metric), re.search(r"< (\d+) s", metric)
            score = re.search(r"Lighthouse (\d+)", metric)
            kind = "share" if share else "seconds" if seconds else "score"
            number = share or seconds or score
            assert number, metric
            found.append((feature, kind, float(number[1]) / (100 if share else 1)))
    return found


def test_every_metric_of_the_specification_is_on_the_list() -> None:
    listed = [(one.name.partition(".")[0], one.kind, one.goal) for one in SPECIFIED]
    assert sorted(listed) == sorted(goals_of_the_specification())
    assert list(pages.FEATURES) == list(CONTRACT["success_metric"])
    assert len({one.name for one in SPECIFIED}) == len(SPECIFIED) == 16


def test_every_measured_metric_is_one_of_the_specification() -> None:
    assert set(discovery.metrics()) <= {one.name for one in SPECIFIED}
    assert {"points.adoption", "points.sync_accuracy"} <= set(discovery.metrics())


def test_page_shows_each_metric_once_measured_or_not(web: FlaskClient) -> None:
    page = web.get("/admin/success").text
    measured, _, missing = page.partition('id="not-measured"')
    for one in SPECIFIED:
        title = f">{one.title[1]}<"
        where = (measured.count(title), missing.count(title))
        assert where == ((1, 0) if one.name in discovery.metrics() else (0, 1)), one.name
        assert one.definition[1] in page


def test_what_is_not_measured_names_no_number(web: FlaskClient) -> None:
    missing = web.get("/admin/success").text.partition('id="not-measured"')[2]
    words = re.sub(r"<[^>]*>", " ", missing.partition("</section>")[0])
    assert not re.search(r"\d", words)


@pytest.mark.parametrize(
    ("name", "measured", "value", "reached"),
    [
        ("wallet.export_success", Measured(9, 10), 0.9, True),
        ("wallet.export_success", Measured(8, 10), 0.8, False),
        ("wallet.export_success", Measured(0, 0), None, False),
        ("theme.render_time", Measured(3.2, 4), 0.8, True),
        ("theme.render_time", Measured(4, 4), 1.0, False),
        ("theme.lighthouse", Measured(270, 3), 90.0, True),
    ],
)
def test_a_feature_adds_its_metric_by_naming_it(
    held: Parts,
    tenant: Tenant,
    name: str,
    measured: Measured,
    value: float | None,
    reached: bool,
) -> None:
    metric = Metric(LABEL, LABEL, LABEL, lambda ctx: measured)
    with held.database.transaction(tenant.merchant_id) as ctx:
        shown = pages.features(ctx, {name: metric})
    (card,) = shown["measured"]
    assert (card["value"], card["reached"]) == (value, reached)
    assert sum(len(group["metrics"]) for group in shown["missing"]) == len(SPECIFIED) - 1


def test_goals_are_judged_in_their_own_direction() -> None:
    share = Specified("a.b", LABEL, LABEL, 0.85)
    quick = Specified("a.c", LABEL, LABEL, 1.0, "seconds")
    assert pages.reaches(share, 0.85) and not pages.reaches(share, 0.849)
    assert pages.reaches(quick, 0.99) and not pages.reaches(quick, 1.0)


_CUSTOMER = """
with person as (
    insert into users (merchant_id, customer_id, shared_customer_id, created_at)
    values (:merchant_id, :customer, 'shc_' || :customer, now() - cast(:old as interval))
), known as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    values (:merchant_id, :store_id, :external, :customer)
), card as (
    insert into customer_cards (merchant_id, customer_id, points, version)
    values (:merchant_id, :customer, 5, :version)
)
select 1
"""
_PUSHED = """
insert into metafield_projections (merchant_id, store_id, external_id, pushed_version, refused)
values (:merchant_id, :store_id, :external, :pushed, :refused)
"""
_EARNED = """
insert into points_transactions (merchant_id, customer_id, store_id, type, points, rule_version,
    basis_minor, currency, occurred_at, idempotency_key)
values (:merchant_id, :customer, :store_id, 'bonus', 5, 1, 0, 'USD', now(), :customer)
"""


def member(
    held: Parts,
    tenant: Tenant,
    external: str,
    *,
    pushed: int | None = None,
    refused: bool = False,
    old: timedelta = timedelta(hours=1),
    earned_now: bool = False,
) -> None:
    """A member whose card has version 2; the store shows `pushed` of it."""
    values = {
        "merchant_id": tenant.merchant_id,
        "store_id": tenant.store_id,
        "external": external,
        "customer": f"cus_{external}",
        "version": 2,
        "pushed": pushed,
        "refused": refused,
        "old": old,
    }
    with held.database.transaction(tenant.merchant_id) as ctx:
        ctx.db.execute(text(_CUSTOMER), values)
        if earned_now:
            ctx.db.execute(text(_EARNED), values)
        if pushed is not None:
            ctx.db.execute(text(_PUSHED), values)


def measure(held: Parts, tenant: Tenant, what: str) -> tuple[float, int]:
    with held.database.transaction(tenant.merchant_id, readonly=True) as ctx:
        found = discovery.metrics()[what].measure(ctx)
    return found.numerator, found.denominator


def test_sync_accuracy_counts_what_stores_show_of_what_they_should(
    held: Parts, tenant: Tenant
) -> None:
    assert measure(held, tenant, "points.sync_accuracy") == (0, 0)
    member(held, tenant, "1", pushed=2)
    member(held, tenant, "2", pushed=1)
    member(held, tenant, "3")
    member(held, tenant, "4", pushed=2, refused=True)
    member(held, tenant, "5", pushed=1, earned_now=True)
    member(held, tenant, "6", old=points.ON_ITS_WAY / 2)
    member(held, tenant, "not-a-shop-id")
    assert measure(held, tenant, "points.sync_accuracy") == (1, 4)


def test_sync_accuracy_asks_only_stores_that_are_connected(held: Parts) -> None:
    silent = make_tenant(held.database)
    member(held, silent, "1")
    assert measure(held, silent, "points.sync_accuracy") == (0, 0)


def test_adoption_needs_two_stores(held: Parts, tenant: Tenant) -> None:
    for external in "123":
        member(held, tenant, external)
    assert measure(held, tenant, "points.adoption") == (0, 0)
    second = """
        with opened as (
            insert into stores (merchant_id, store_id, shop_domain, app_id, currency)
            select merchant_id, 'sto_2', 'two.myshopify.com', app_id, currency from stores
        ) insert into customer_identities values (:m, 'sto_2', '9', 'cus_1')
    """
    with held.database.transaction(tenant.merchant_id) as ctx:
        ctx.db.execute(text(second), {"m": tenant.merchant_id})
    assert measure(held, tenant, "points.adoption") == (1, 3)


def test_page_shows_figure_parts_period_and_goal(
    held: Parts, tenant: Tenant, web: FlaskClient
) -> None:
    member(held, tenant, "1", pushed=2)
    member(held, tenant, "2", pushed=1)
    page = " ".join(web.get("/admin/success").text.split())
    card = page.partition("Balances in step")[2].partition("</section>")[0]
    for shown in ("50%", "99%", "<dd>1</dd>", "<dd>2</dd>", "Right now", "Goal not reached"):
        assert shown in card
    assert "No figure yet" in page.partition("Members of several stores")[2].partition("</sec")[0]


def test_page_counts_product_events(held: Parts, tenant: Tenant, web: FlaskClient) -> None:
    assert "No events yet" in web.get("/admin/success").text
    sql = """
        insert into product_events (merchant_id, day, event, count)
        select :m, cast(:today as date) - n, 'multi_store_sync', 1000 + n
        from unnest(array[0, 29, 30]) n
    """
    with held.database.transaction(tenant.merchant_id) as ctx:
        ctx.db.execute(text(sql), {"m": tenant.merchant_id, "today": ctx.now.date()})
    row = web.get("/admin/success").text.partition("multi_store_sync")[2].partition("</tr>")[0]
    assert "1,000" in row and "2,029" in row


@pytest.mark.parametrize("locale", ["ar", "ja"])
def test_page_speaks_other_languages(web: FlaskClient, locale: str) -> None:
    page = web.get(f"/admin/success?locale={locale}").text
    assert f'<html lang="{locale}" dir="{i18n.direction(locale)}">' in page
