"""The Sync page as a merchant uses it, without JavaScript."""

import json
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from webapp.app import create_app
from webapp.features.points import service
from webapp.features.points.pages.sync import rounded
from webapp.parts import Parts


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


@pytest.fixture
def tenant(held: Parts, web: FlaskClient) -> Tenant:
    made = make_tenant(held.database, access_token="shpat_1")
    sign_in(held, web, made)
    return made


def send(web: FlaskClient, action: str, **fields: str) -> str:
    """Send a form of the page as it stands; the page that follows."""
    found = re.search(r'name="form_token" value="([^"]+)"', web.get("/admin/sync").text)
    assert found
    form = {"form_token": found[1], **fields}
    return web.post(f"/admin/sync/{action}", data=form, follow_redirects=True).text


def ask(held: Parts, tenant: Tenant, sql: str, **values: object) -> list:
    with held.database.transaction(tenant.merchant_id) as ctx:
        found = ctx.db.execute(text(sql), {"m": tenant.merchant_id, "wall": ctx.wall, **values})
        return list(found) if found.returns_rows else []


RUN = """
insert into sync_runs (merchant_id, kind, started_at, finished_at, matched, mismatched, ledger_ok,
    off, differences, p95_lag_ms, chunks, chunks_done, gathered)
values (:m, 'nightly', :wall, :wall, 1999, 1, :ok, :off, cast(:differences as jsonb), 1234, 1, 1,
    true)
returning run_id
"""
WRONG = """
insert into sync_mismatches (merchant_id, run_id, store_id, external_id, customer_id, expected,
    found, found_at)
values (:m, :run, :s, '7104466075915', 'cus_ada', cast(:expected as jsonb), cast(:found as jsonb),
    :wall)
"""


def run(held: Parts, tenant: Tenant, *off: str) -> int:
    differences = [{"customer_id": c, "what": "card", "expected": 50, "found": 7} for c in off]
    values = {"ok": not off, "off": len(off), "differences": json.dumps(differences)}
    return int(ask(held, tenant, RUN, **values)[0][0])


def test_before_the_first_check_the_page_says_so(web: FlaskClient, tenant: Tenant) -> None:
    page = web.get("/admin/sync").text
    assert "Not checked yet" in page
    assert "Nothing was wrong" in page
    assert tenant.shop in page


def test_a_mismatch_is_named_with_what_was_expected_and_found(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    values = {
        "run": run(held, tenant),
        "s": tenant.store_id,
        "expected": json.dumps({"points_balance": "50", "tier": "Gold"}),
        "found": json.dumps({"points_balance": "999999", "tier": None}),
    }
    ask(held, tenant, WRONG, **values)
    page = web.get("/admin/sync").text
    assert "/admin/members?member=cus_ada" in page
    assert "Points: <bdi>50</bdi>" in page
    assert "found 999999" in page
    assert "found nothing" in page
    assert "Not yet" in page
    # Of two thousand one is wrong: that is never called all of them.
    assert "99.9%" in page
    assert "1,234 ms" in page


def test_members_whose_books_do_not_agree_are_named(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    run(held, tenant, "cus_1", "cus_2")
    page = web.get("/admin/sync").text
    assert "The books do not agree" in page
    assert "2 members differ" in page
    assert "Card against lots, expected 50, found 7" in page
    assert "/admin/members?member=cus_2" in page


def test_a_check_is_begun_once(held: Parts, web: FlaskClient, tenant: Tenant) -> None:
    assert "The check has begun" in send(web, "check")
    assert "A check is going on already" in send(web, "check")
    page = web.get("/admin/sync").text
    assert "Being checked" in page
    assert 'hx-trigger="every 3s"' in page
    (told,) = ask(held, tenant, "select count(*) from outbox where topic = 'points.run_begun'")
    assert told == (1,)


def test_all_of_a_store_is_sent_again(held: Parts, web: FlaskClient, tenant: Tenant) -> None:
    assert "being sent once more" in send(web, "push", store_id=tenant.store_id)
    (told,) = ask(held, tenant, "select payload from outbox where topic = 'points.push_asked'")
    assert told[0] == {"store_id": tenant.store_id, "after": ""}


def test_a_store_of_somebody_else_is_not_sent_to(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    other = make_tenant(held.database, access_token="shpat_2")
    assert "being sent once more" not in send(web, "push", store_id=other.store_id)
    assert ask(held, tenant, "select 1 from outbox where topic = 'points.push_asked'") == []


def test_a_refusal_is_shown_in_the_words_of_the_store(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        values = {"m": tenant.merchant_id, "s": tenant.store_id, "wall": ctx.wall}
        for sql in (
            "insert into users (merchant_id, customer_id, shared_customer_id)"
            " values (:m, 'c', 'x')",
            "insert into customer_identities (merchant_id, store_id, external_id, customer_id)"
            " values (:m, :s, '7', 'c')",
            "insert into metafield_projections (merchant_id, store_id, external_id, customer_id,"
            " pushed_version, refused, reason, pushed_at)"
            " values (:m, :s, '7', 'c', 1, true, 'Owner does not exist.', :wall)",
        ):
            ctx.db.execute(text(sql), values)
        service.ask_check(ctx)
    page = web.get("/admin/sync").text
    assert "Owner does not exist." in page


@pytest.mark.parametrize(
    ("right", "judged", "shown"),
    [(0, 0, None), (7, 7, 1.0), (99_996, 100_000, 0.999), (57, 100, 0.57), (0, 3, 0.0)],
)
def test_accuracy_is_rounded_downwards(right: int, judged: int, shown: float | None) -> None:
    assert rounded(right, judged) == shown


def test_a_check_that_had_nothing_to_judge_is_none(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    run(held, tenant)
    ask(held, tenant, "update sync_runs set matched = 0, mismatched = 0")
    assert "Not checked yet" in web.get("/admin/sync").text
    ask(held, tenant, "update sync_runs set matched = 1")
    assert "Checked, and right" in web.get("/admin/sync").text
