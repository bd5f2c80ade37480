"""Ranks of the shared leaderboard, and its page."""

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from jobs.drain import drain_for
from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from webapp.app import create_app
from webapp.core.context import Context
from webapp.features.points import service
from webapp.features.points.queries.leaderboard import around, first_ones, standings
from webapp.features.points.service import leaderboard
from webapp.parts import Parts

CYCLE = "2026-03"
MEMBER = """
with person as (
    insert into users (merchant_id, customer_id, shared_customer_id) values (:m, :c, 'shc_' || :c)
), known as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    values (:m, :s, :e, :c)
)
insert into customer_cards (merchant_id, customer_id, score, score_cycle)
values (:m, :c, :score, :cycle)
"""


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


def fill(ctx: Context, tenant: Tenant, cycle: str = CYCLE, **scores: int) -> None:
    for number, (name, score) in enumerate(scores.items()):
        values = {"m": tenant.merchant_id, "s": tenant.store_id, "e": f"{900 + number}"}
        ctx.db.execute(text(MEMBER), {**values, "c": name, "score": score, "cycle": cycle})


def share(ctx: Context, *shops: str, board: bool = True) -> None:
    config = json.dumps({"shared_stores": shops, "shared_leaderboard": board})
    sql = """
        insert into program_settings (merchant_id, multi_store_config)
        values (:m, cast(:config as jsonb))
        on conflict (merchant_id) do update set multi_store_config = excluded.multi_store_config
    """
    ctx.db.execute(text(sql), {"m": ctx.merchant_id, "config": config})


def test_equal_scores_share_a_rank_and_the_next_counts_them_all(
    held: Parts, tenant: Tenant
) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        share(ctx, tenant.shop)
        fill(ctx, tenant, zoe=100, amy=100, cat=100, bob=90, nil=0)
        found = standings(ctx, CYCLE, 10)
    ranks = [(p.rank, p.position, p.customer_id) for p in found]
    assert ranks == [(1, 1, "amy"), (1, 2, "cat"), (1, 3, "zoe"), (4, 4, "bob")]


def test_only_the_cycle_and_the_stores_that_share_count(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        fill(ctx, tenant, amy=100)
        fill(ctx, tenant, "2026-02")
        assert standings(ctx, CYCLE, 10) == ()
        share(ctx, tenant.shop, board=False)
        assert standings(ctx, CYCLE, 10) == ()
        share(ctx, "another.myshopify.com")
        assert standings(ctx, CYCLE, 10) == ()
        share(ctx, tenant.shop)
        assert [p.customer_id for p in standings(ctx, CYCLE, 10)] == ["amy"]
        assert standings(ctx, "2026-02", 10) == ()


def test_a_member_is_ranked_once_over_all_their_homes(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        share(ctx, tenant.shop)
        fill(ctx, tenant, amy=100, ann=0, bob=90)
        ctx.db.execute(text("update users set merged_into = 'amy' where customer_id = 'ann'"))
        assert [p.customer_id for p in standings(ctx, CYCLE, 10)] == ["amy", "bob"]
        found = first_ones(ctx, CYCLE, tenant.store_id, 10)
    assert [(one.external_id, one.score) for one in found] == [("900", 100), ("902", 90)]


def test_a_place_is_shown_with_its_neighbours(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        share(ctx, tenant.shop)
        fill(ctx, tenant, **{f"m{n}": 100 - n for n in range(9)})
        near = around(ctx, CYCLE, "m4", 1)
        first = around(ctx, CYCLE, "m0", 1)
        nobody = around(ctx, CYCLE, "stranger", 1)
    assert [(p.rank, p.customer_id) for p in near] == [(4, "m3"), (5, "m4"), (6, "m5")]
    assert [p.customer_id for p in first] == ["m0", "m1"]
    assert nobody == ()


@pytest.fixture
def web(held: Parts, tenant: Tenant) -> FlaskClient:
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    return client


def test_the_page_shows_numbers_and_no_names(held: Parts, tenant: Tenant, web: FlaskClient) -> None:
    assert "No leaderboard is shared" in web.get("/admin/leaderboard").text
    with held.database.transaction(tenant.merchant_id) as ctx:
        share(ctx, tenant.shop)
        fill(ctx, tenant, cus_amy=1200, cus_bob=90)
    page = web.get("/admin/leaderboard?member=cus_bob").text
    assert "1,200" in page
    assert page.count("/admin/members?member=cus_bob") == 2
    assert "Around this member" in page
    assert tenant.shop in page
    assert "No place this month" in web.get("/admin/leaderboard?member=nobody").text


def test_scores_of_a_month_that_is_over_go_from_the_stores(
    held: Parts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboard, "MEMBERS_AT_ONCE", 2)
    with held.database.transaction(tenant.merchant_id) as ctx:
        share(ctx, tenant.shop)
        fill(ctx, tenant, "2026-02", amy=100, bob=90, cat=80, nil=0)
        ctx.db.execute(
            text(MEMBER),
            {
                "m": tenant.merchant_id,
                "s": tenant.store_id,
                "e": "1",
                "c": "zoe",
                "score": 5,
                "cycle": CYCLE,
            },
        )
        service.begin_cycle(ctx)
        assert ctx.db.scalars(text("select score from customer_cards order by 1")).all() == [
            0,
            0,
            0,
            5,
            80,
        ]
    drain_for(held, "points.begin_cycle", 5.0)
    with held.database.transaction(tenant.merchant_id) as ctx:
        cards = "select customer_id, score, score_cycle from customer_cards order by 1"
        assert [tuple(row) for row in ctx.db.execute(text(cards))] == [
            ("amy", 0, CYCLE),
            ("bob", 0, CYCLE),
            ("cat", 0, CYCLE),
            ("nil", 0, "2026-02"),
            ("zoe", 5, CYCLE),
        ]
        payloads = ctx.db.scalars(
            text("select payload::text from outbox where topic = 'points.changed'")
        ).all()
        assert all(any(name in p for p in payloads) for name in ("amy", "bob", "cat"))
        assert not any(name in p for p in payloads for name in ("nil", "zoe"))
