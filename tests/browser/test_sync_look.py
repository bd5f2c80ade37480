"""The Sync and Leaderboard pages with something on them: accessible and no wider than a phone."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from tests.browser.pages_of_a_merchant import Opened, open_account
from tests.browser.served import served
from tests.browser.test_pages import look, troubles
from webapp.parts import Parts

FILL = (
    "insert into users (merchant_id, customer_id, shared_customer_id)"
    " select :m, 'cus_' || n, 'shc_' || n from generate_series(1, 12) n",
    "insert into customer_identities (merchant_id, store_id, external_id, customer_id)"
    " select :m, store_id, 7104466075900 + n, 'cus_' || n from stores, generate_series(1, 12) n"
    " where store_id = (select min(store_id) from stores)",
    "insert into customer_cards (merchant_id, customer_id, points, score, score_cycle)"
    " select :m, 'cus_' || n, n, 1000 / ((n + 2) / 3), :cycle from generate_series(1, 12) n",
    "insert into metafield_projections (merchant_id, store_id, external_id, customer_id,"
    " pushed_version, pushed_at, lag_ms, refused, reason)"
    " select :m, store_id, external_id, customer_id, 1, :wall, 740, external_id like '%3',"
    " case when external_id like '%3' then 'Owner does not exist.' end from customer_identities",
    "insert into sync_runs (merchant_id, kind, started_at, finished_at, matched, mismatched,"
    " ledger_ok, off, differences, p95_lag_ms, chunks, chunks_done, gathered)"
    " select :m, 'nightly', :wall, :wall, 1999, n, n > 1, 2 - n, cast(:off as jsonb), 900 * n,"
    " 1, 1, true from generate_series(1, 2) n",
    "insert into sync_mismatches (merchant_id, run_id, store_id, external_id, customer_id,"
    " expected, found, found_at, repaired_at) select :m, max(run_id),"
    " (select min(store_id) from stores), '7104466075901', 'cus_1', :expected, :found, :wall, :wall"
    " from sync_runs",
    "insert into program_settings (merchant_id, multi_store_config) select :m, jsonb_build_object("
    "'shared_leaderboard', true, 'shared_stores', jsonb_agg(shop_domain)) from stores"
    " on conflict (merchant_id) do update set multi_store_config = excluded.multi_store_config",
    "update stores set access_token = '\\x00'",
)


@pytest.fixture
def opened(committed: Parts) -> Opened:
    return open_account(committed)


@pytest.fixture
def base(committed: Parts, opened: Opened) -> Iterator[str]:
    with committed.database.transaction(opened.tenant.merchant_id) as ctx:
        values = {
            "m": ctx.merchant_id,
            "wall": ctx.wall,
            "cycle": f"{ctx.now:%Y-%m}",
            "expected": json.dumps({"points_balance": "50", "tier": "Gold"}),
            "off": json.dumps(
                [{"customer_id": "cus_1", "what": "card", "expected": 50, "found": 7}]
            ),
            "found": json.dumps({"points_balance": "999999", "tier": None}),
        }
        for sql in FILL:
            ctx.db.execute(text(sql), values)
    with served(committed) as address:
        yield address


@pytest.mark.full
@pytest.mark.parametrize("path", ["sync", "leaderboard?member=cus_7&"])
def test_a_full_page_is_accessible(page: Page, base: str, opened: Opened, path: str) -> None:
    page.goto(base + opened.sign_in)
    failures, wrong = troubles(page), []
    for tag, width in (("en", 1280), ("ar", 390)):
        page.set_viewport_size({"width": width, "height": 844})
        address = f"{base}/admin/{path}{'' if '?' in path else '?'}locale={tag}"
        page.goto(address)
        assert page.locator("table").count() > 1
        wrong += look(page, address)
    assert wrong + failures == []
