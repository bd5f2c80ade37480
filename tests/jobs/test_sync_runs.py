"""The reconciliation against a shop over real HTTP: what is wrong is found, named and repaired."""

from datetime import timedelta

from tests.jobs.bench import PUSH, ConnectedShop
from webapp.core import discovery
from webapp.demo.standins.metafields import Entry
from webapp.features.points import queries, service
from webapp.features.points.queries.reconciliation import (
    Run,
    mismatches,
    refused,
    runs,
    store_states,
)

GATHER, READ = "points.gather_customers", "points.send.points.read_back_asked"
KINDS = {
    "points_balance": "number_integer",
    "leaderboard_score": "number_integer",
    "tier": "single_line_text_field",
}


def check(shop: ConnectedShop) -> Run:
    """A whole run; what it repairs is still to be pushed."""
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        assert service.ask_check(ctx)
    shop.drain(GATHER, READ)
    return newest(shop)


def newest(shop: ConnectedShop) -> Run:
    with shop.parts.database.transaction(shop.tenant.merchant_id, readonly=True) as ctx:
        return runs(ctx, 1)[0]


def change_by_hand(shop: ConnectedShop, customer: str, key: str, value: str) -> None:
    owner = f"gid://shopify/Customer/{customer}"
    entry = Entry(owner, "$app:loyalnest", key, KINDS[key], value)
    shop.admin.store.write(shop.tenant.shop, [entry])


def earn(shop: ConnectedShop, count: int) -> None:
    shop.earn(*(f"{customer},2026-01-01,10.00" for customer in range(1, count + 1)))


def accuracy(shop: ConnectedShop) -> tuple[float, int]:
    with shop.parts.database.transaction(shop.tenant.merchant_id, readonly=True) as ctx:
        found = queries.sync_accuracy(ctx)
    return found.numerator, found.denominator


def test_what_is_shown_as_it_should_be_matches(shop: ConnectedShop) -> None:
    earn(shop, 60)
    shop.drain(PUSH)
    run = check(shop)
    assert (run.matched, run.mismatched, run.pending) == (60, 0, 0)
    assert run.ledger_ok
    assert run.finished_at is not None
    assert run.p95_lag_ms is not None and 0 <= run.p95_lag_ms < 60_000


def test_a_metafield_changed_by_hand_is_found_named_and_repaired(shop: ConnectedShop) -> None:
    earn(shop, 8)
    shop.drain(PUSH)
    change_by_hand(shop, "7", "points_balance", "999999")
    change_by_hand(shop, "7", "tier", "Emperor")
    change_by_hand(shop, "8", "leaderboard_score", "12345")
    run = check(shop)
    assert (run.matched, run.mismatched, run.repaired) == (6, 2, 0)
    assert accuracy(shop) == (6, 8)
    shop.drain(PUSH)
    assert (shop.shown("7"), newest(shop).repaired) == ("10", 2)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        first, second = mismatches(ctx, 10)
    assert (first.external_id, second.external_id) == ("7", "8")
    assert first.expected == {"points_balance": "10", "tier": "-"}
    assert first.found == {"points_balance": "999999", "tier": "Emperor"}
    assert first.repaired_at is not None
    again = check(shop)
    assert (again.matched, again.mismatched) == (8, 0)


def test_what_a_store_refuses_counts_as_wrong_and_says_why(shop: ConnectedShop) -> None:
    shop.admin.states[shop.tenant.shop].gone = {2}
    earn(shop, 3)
    shop.drain(PUSH)
    run = check(shop)
    assert (run.matched, run.mismatched, run.judged) == (2, 1, 3)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        assert [(r.external_id, r.reason) for r in refused(ctx, 9)] == [
            ("2", "Owner does not exist.")
        ]
        (state,) = store_states(ctx)
    assert (state.shown, state.pending, state.refused) == (2, 0, 1)


OLD_MEMBER = """
with person as (
    insert into users (merchant_id, customer_id, shared_customer_id, created_at)
    values (:m, 'cus_77', 'shc_77', now() - interval '6 minutes')
), known as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    values (:m, :s, '77', 'cus_77')
)
insert into customer_cards (merchant_id, customer_id) values (:m, 'cus_77')
"""


def test_a_change_of_a_moment_ago_is_pending_and_an_old_one_wrong(shop: ConnectedShop) -> None:
    earn(shop, 2)
    run = check(shop)
    assert (run.matched, run.mismatched, run.pending, run.judged) == (0, 0, 2, 0)
    shop.ask(OLD_MEMBER, m=shop.tenant.merchant_id, s=shop.tenant.store_id)
    run = check(shop)
    assert (run.matched, run.mismatched, run.pending) == (0, 1, 2)
    shop.drain(PUSH)
    assert (check(shop).matched, shop.shown("77")) == (3, "0")


def test_a_push_while_we_were_reading_is_no_mismatch(shop: ConnectedShop) -> None:
    earn(shop, 1)
    shop.drain(PUSH)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        service.ask_check(ctx)
    shop.drain(GATHER)
    work = discovery.handlers()[READ]
    (message,) = shop.ask(
        "select message_id, topic, key, payload, 0 as attempts from outbox"
        " where topic = 'points.read_back_asked'"
    )
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        read = work.prepare(ctx, message)
    outcome = work.send(shop.parts.gateways, read)
    shop.parts.clock.advance(seconds=1)
    shop.earn("1,2026-01-02,5.00")
    shop.drain(PUSH)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        work.settle(ctx, read, outcome)
    assert (newest(shop).pending, newest(shop).mismatched) == (1, 0)


def test_one_run_at_a_time(shop: ConnectedShop) -> None:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        assert service.ask_check(ctx)
        assert not service.ask_check(ctx)
        ctx.wall += timedelta(hours=7)
        assert service.ask_check(ctx)


def test_a_shop_that_refuses_to_be_read_ends_the_run_all_the_same(shop: ConnectedShop) -> None:
    earn(shop, 3)
    shop.drain(PUSH)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        service.ask_check(ctx)
    shop.drain(GATHER)
    shop.fail_next(status=422)
    shop.drain(READ)
    run = newest(shop)
    assert (run.matched, run.unread, run.finished_at is None) == (0, 3, False)


def test_a_shop_that_left_meanwhile_is_unread(shop: ConnectedShop) -> None:
    earn(shop, 3)
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        service.ask_check(ctx)
    shop.drain(GATHER)
    shop.ask("update stores set access_token = null")
    shop.drain(READ)
    run = newest(shop)
    assert (run.unread, run.finished_at is None, shop.deliveries(READ)) == (3, False, [])


def test_everything_of_a_store_can_be_pushed_once_more(shop: ConnectedShop) -> None:
    earn(shop, 30)
    shop.drain(PUSH)
    for customer in ("1", "30"):
        change_by_hand(shop, customer, "points_balance", "1")
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        service.ask_all(ctx, shop.tenant.store_id)
    shop.drain("points.push_everything", PUSH)
    assert [shop.shown(customer) for customer in ("1", "30")] == ["10", "10"]
