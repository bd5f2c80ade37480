"""Which customers a reconciliation reads back, and whether the books agree with each other."""

import pytest
from sqlalchemy import text

from tests.factories import Tenant, make_tenant
from webapp.core.context import Context
from webapp.features.points import service
from webapp.features.points.queries.reconciliation import runs
from webapp.features.points.service.ledger import Credit, Debit
from webapp.parts import Parts

MEMBERS = """
with people as (
    insert into users (merchant_id, customer_id, shared_customer_id, created_at)
    select :m, 'cus_' || n, 'shc_' || n, now() - interval '1 year'
    from generate_series(1, :n) n returning customer_id
)
insert into customer_cards (merchant_id, customer_id) select :m, customer_id from people
"""
KNOWN = """
insert into customer_identities (merchant_id, store_id, external_id, customer_id)
select :m, :s, n, 'cus_' || n from generate_series(1, :n) n
"""
SHOWN = """
insert into metafield_projections (merchant_id, store_id, external_id, pushed_version, pushed_at)
select :m, :s, n, 1, cast(:wall as timestamptz) - interval '1 day' from generate_series(1, :n) n
"""


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


def fill(ctx: Context, tenant: Tenant, count: int) -> None:
    """Members of long ago, whose cards the store has shown since yesterday."""
    values = {"m": tenant.merchant_id, "s": tenant.store_id, "n": count, "wall": ctx.wall}
    for sql in (MEMBERS, KNOWN, SHOWN):
        ctx.db.execute(text(sql), values)


def asked(ctx: Context, kind: str = "nightly") -> tuple[int, set[str]]:
    """Begin a run and gather; its id, and who is to be read."""
    run_id = service.begin_run(ctx, kind)
    assert run_id is not None
    service.gather(ctx, run_id, "", "")
    sql = """
        select jsonb_array_elements_text(payload -> 'ids') from outbox
        where topic = 'points.read_back_asked' and cast(payload ->> 'run_id' as bigint) = :run_id
    """
    found = [str(one) for one in ctx.db.scalars(text(sql), {"run_id": run_id})]
    assert len(found) == len(set(found))
    return run_id, set(found)


def finish(ctx: Context) -> None:
    ctx.db.execute(text("update sync_runs set finished_at = started_at"))


def test_a_large_programme_is_read_in_part_by_lot(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        fill(ctx, tenant, 1_000)
        _, everybody = asked(ctx)
        finish(ctx)
        # Before the first run there is none, so everything has changed; then 200 are drawn.
        ctx.db.execute(text("update sync_runs set started_at = started_at + interval '1 minute'"))
        _, drawn = asked(ctx)
        finish(ctx)
        _, others = asked(ctx)
    assert len(everybody) == 1_000
    assert 120 < len(drawn) < 300
    assert drawn != others


def test_what_changed_and_what_was_wrong_is_read_for_certain(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        fill(ctx, tenant, 1_000)
        last, _ = asked(ctx)
        finish(ctx)
        values = {"m": tenant.merchant_id, "s": tenant.store_id, "run": last, "wall": ctx.wall}
        for sql in (
            "update metafield_projections set pushed_at = :wall where external_id in ('5', '6')",
            "update customer_cards set version = 2 where customer_id = 'cus_7'",
            "insert into sync_mismatches (merchant_id, run_id, store_id, external_id, customer_id,"
            " expected, found, found_at) values (:m, :run, :s, '8', 'cus_8', '{}', '{}', :wall)",
        ):
            ctx.db.execute(text(sql), values)
        _, found = asked(ctx)
    assert {"5", "6", "7", "8"} <= found
    assert len(found) < 350


def test_chunks_hold_fifty_customers_of_one_store() -> None:
    found = [("a", f"{n}") for n in range(60)] + [("b", "1")]
    groups = list(service.chunked(found, 50))
    assert [(store, len(group)) for store, group in groups] == [("a", 50), ("a", 10), ("b", 1)]


def test_a_run_over_nobody_is_over_at_once(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        asked(ctx)
        (run,) = runs(ctx, 5)
    assert (run.finished_at is not None, run.judged, run.ledger_ok) == (True, 0, True)


def test_the_platform_has_no_reconciliation(held: Parts) -> None:
    with held.database.transaction("platform") as ctx:
        assert service.begin_run(ctx, "nightly") is None


def earned(ctx: Context, tenant: Tenant, count: int) -> None:
    for n in range(1, count + 1):
        one = Credit(f"cus_{n}", tenant.store_id, "bonus", 100, f"b{n}", ctx.now)
        service.credit(ctx, one)
    service.debit(ctx, Debit("cus_1", tenant.store_id, "adjust", 30, "d1", ctx.now))


BROKEN = {
    "entries": "update points_lots set remaining = remaining - 1 where customer_id = 'cus_2'",
    "card": "update customer_cards set points = 7 where customer_id = 'cus_2'",
    "balance": "update users set points_balance = 7 where customer_id = 'cus_2'",
}


@pytest.mark.parametrize("what", BROKEN)
def test_members_whose_books_do_not_agree_are_named(held: Parts, tenant: Tenant, what: str) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        fill(ctx, tenant, 3)
        earned(ctx, tenant, 3)
        asked(ctx)
        ctx.db.execute(text(BROKEN[what]))
        finish(ctx)
        asked(ctx)
        second, first = runs(ctx, 5)
    assert (first.ledger_ok, first.off, first.differences) == (True, 0, [])
    assert (second.ledger_ok, second.off) == (False, 1)
    assert {one["customer_id"] for one in second.differences} == {"cus_2"}
    assert what in {one["what"] for one in second.differences}


def test_of_many_the_first_are_named_and_all_counted(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        fill(ctx, tenant, 50)
        ctx.db.execute(text("update customer_cards set points = 7"))
        asked(ctx)
        (run,) = runs(ctx, 1)
    assert (run.off, len(run.differences)) == (50, 20)
