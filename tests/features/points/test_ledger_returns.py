"""What refunds, cancellations and given back rewards do to points: vectors of the field's
pitfalls."""

from datetime import UTC, datetime

import pytest

from tests.factories import FixedClock
from tests.features.points.ledgers import Shop, balanced
from webapp.core.db import Database
from webapp.features.points import queries, service


@pytest.fixture
def shop(database: Database, clock: FixedClock) -> Shop:
    return Shop(database, clock)


def clawed(shop: Shop, home: str) -> list[int]:
    return [points for kind, points in shop.entries(home) if kind == "clawback"]


@pytest.mark.parametrize("rate", ["2", "0"])
def test_refund_takes_back_what_was_earned_whatever_the_rules_are_now(
    shop: Shop, rate: str
) -> None:
    home = shop.member()
    order = shop.order(home, 5000)
    shop.clock.advance(hours=1)
    shop.rule({shop.store_id: rate})
    shop.refund(order, 5000)
    assert shop.entries(home) == [("earn", 50), ("clawback", -50)]
    assert shop.card(home) == (0, 0)


@pytest.mark.parametrize(
    ("rate", "minor", "refunds", "taken"),
    [
        ("3.33", 10_000, [3333, 3333, 3334], [-110, -111, -112]),
        ("1", 5000, [3000, 3000], [-30, -20]),
        ("1", 5000, [0, 99, 1, 4900], [-1, -49]),
    ],
)
def test_partial_refunds_add_up(
    shop: Shop, rate: str, minor: int, refunds: list[int], taken: list[int]
) -> None:
    shop.rule({shop.store_id: rate})
    home = shop.member()
    order = shop.order(home, minor)
    for part in refunds:
        shop.refund(order, part)
    assert clawed(shop, home) == taken
    assert balanced(shop, home)


def test_refunds_heard_together_count_one_by_one(shop: Shop) -> None:
    shop.rule({shop.store_id: "3.33"})
    home = shop.member()
    order = shop.order(home, 10_000)
    ids = [shop.refund(order, part, tell=False) for part in (3333, 3333, 3334)]
    shop.tell_refund(ids[0], ids[-1])
    shop.tell_refund(ids[1], ids[-1])
    sql = "select idempotency_key, points from points_transactions where type = 'clawback'"
    assert sorted(shop.rows(sql)) == sorted(
        (f"refund:{n}", points) for n, points in zip(ids, (-110, -111, -112), strict=True)
    )


def test_refund_before_paid_nets_out_and_duplicates_change_nothing(shop: Shop) -> None:
    home = shop.member()
    refund = shop.refund(None, 2000, key="o1")
    order = shop.order(home, 2000, key="o1")
    for _ in range(2):
        shop.award(order)
        shop.tell_refund(refund)
    assert shop.entries(home) == [("earn", 20), ("clawback", -20)]
    assert shop.card(home) == (0, 0)
    assert shop.rows("select 1 from outbox where topic = 'points.earned'") == []
    assert balanced(shop, home)


def test_part_refunded_before_paid_is_not_celebrated(shop: Shop) -> None:
    home = shop.member()
    shop.refund(None, 500, key="o1")
    shop.order(home, 2000, key="o1")
    [(told,)] = shop.rows("select payload from outbox where topic = 'points.earned'")
    assert (told["points"], told["balance"]) == (15, 15)


def test_a_refund_of_nothing_before_paid_keeps_no_store_from_the_points(
    database: Database, clock: FixedClock
) -> None:
    shop = Shop(database, clock, access_token="shpat_1")
    home = shop.member()
    shop.refund(None, 0, key="o1")
    shop.order(home, 2000, key="o1")
    pushed = shop.rows("select payload -> 'customers' from outbox where topic = 'points.changed'")
    assert (shop.card(home), pushed) == ((20, 0), [([home],)])


def test_refund_counts_the_goods_that_come_back(shop: Shop) -> None:
    """100.00 of goods and 20.00 of tax and shipping: refunded shipping takes nothing back."""
    home = shop.member()
    order = shop.order(home, 12_000, basis=10_000)
    shop.refund(order, 2000, basis=0)
    shop.refund(order, 6000, basis=5000)
    # Only the total is known: a tenth of the amount is taken to be a tenth of the goods.
    shop.refund(order, 1200)
    assert clawed(shop, home) == [-50, -10]


def test_cancelled_order_gives_back_all_that_is_left(shop: Shop) -> None:
    home = shop.member()
    order = shop.order(home, 5000)
    shop.refund(order, 2000)
    shop.cancel(order)
    shop.tell_cancelled(order)
    shop.refund(order, 3000)
    assert clawed(shop, home) == [-20, -30]
    sql = "select idempotency_key from points_transactions where points = -30"
    assert shop.rows(sql) == [(f"cancel:{order}",)]


def test_cancelled_before_it_counted_earns_nothing(shop: Shop) -> None:
    home = shop.member()
    order = shop.order(home, 5000, award=False)
    shop.cancel(order)
    shop.award(order)
    assert shop.entries(home) == []


def test_within_balance_takes_what_is_there_and_notes_the_rest(shop: Shop) -> None:
    home = shop.member()
    order = shop.order(home, 50_000)
    shop.redeem(home, 500)
    refund = shop.refund(order, 50_000)
    assert shop.entries(home) == [("earn", 500), ("redeem", -500)]
    assert shop.rows("select reversed, uncollected from points_lots") == [(500, 500)]
    # Nothing was entered, and nothing is when the shop says it again and there is something now.
    shop.credit(home, 100)
    shop.tell_refund(refund)
    assert shop.card(home) == (100, 0)
    [(told,)] = shop.rows("select metadata from audit_logs where action = 'points_uncollected'")
    assert told == {"key": f"refund:{refund}", "customer_id": home, "points": 500}


def test_within_balance_takes_from_the_members_other_homes(shop: Shop) -> None:
    one, two = shop.member(), shop.member()
    order = shop.order(one, 5000)
    shop.credit(two, 30)
    shop.merge(two, one)
    shop.redeem(one, 50)
    assert shop.lots(one) == [0]
    shop.refund(order, 5000)
    assert (shop.entries(one)[-1], shop.entries(two)[-1]) == (("redeem", -50), ("clawback", -30))
    assert balanced(shop, one, two)


def test_unlimited_goes_below_zero_and_is_paid_off_first(shop: Shop) -> None:
    shop.rule(return_policy="unlimited")
    home = shop.member()
    order = shop.order(home, 50_000)
    shop.redeem(home, 500)
    shop.refund(order, 50_000)
    assert (shop.spendable(home), shop.card(home)) == (-500, (-500, 0))
    shop.order(home, 60_000)
    assert (shop.spendable(home), shop.card(home)) == (100, (100, 0))
    assert balanced(shop, home)


def test_debts_are_paid_with_points_that_cannot_be_spent_yet(shop: Shop) -> None:
    shop.rule(return_policy="unlimited")
    home = shop.member()
    order = shop.order(home, 5000)
    shop.redeem(home, 50)
    shop.refund(order, 5000)
    shop.rule(return_policy="unlimited", hold_days=14)
    shop.order(home, 8000)
    assert (shop.spendable(home), shop.card(home)) == (0, (0, 30))
    assert balanced(shop, home)


def test_only_pending_leaves_what_could_be_spent(shop: Shop) -> None:
    shop.rule(return_policy="only_pending", hold_days=14)
    home = shop.member()
    first, second = shop.order(home, 5000), shop.order(home, 3000)
    assert (shop.spendable(home), shop.card(home)) == (0, (0, 80))
    shop.refund(first, 5000)
    shop.clock.advance(days=14)
    shop.refund(second, 3000)
    assert (clawed(shop, home), shop.spendable(home)) == ([-50], 30)
    assert shop.rows("select uncollected from points_lots order by 1") == [(0,), (30,)]


def test_given_back_reward_pays_what_refunds_could_not_collect(shop: Shop) -> None:
    home = shop.member()
    order = shop.order(home, 50_000)
    redemption = shop.redeem(home, 500)
    shop.refund(order, 20_000)
    assert shop.give_back(redemption) == 500
    assert shop.entries(home)[-2:] == [("redeem_reversal", 500), ("clawback", -200)]
    assert shop.card(home) == (300, 0)
    assert shop.give_back(redemption) == 0
    assert balanced(shop, home)


def test_given_back_reward_keeps_what_only_pending_refunds_leave(shop: Shop) -> None:
    """Whoever spends points and gives the reward back has what they had without it."""
    shop.rule(return_policy="only_pending")
    home = shop.member()
    order = shop.order(home, 50_000)
    redemption = shop.redeem(home, 500)
    shop.refund(order, 20_000)
    shop.give_back(redemption)
    assert (clawed(shop, home), shop.spendable(home)) == ([], 500)
    assert balanced(shop, home)


def test_given_back_reward_pays_debts(shop: Shop) -> None:
    shop.rule(return_policy="unlimited")
    home = shop.member()
    order = shop.order(home, 50_000)
    redemption = shop.redeem(home, 500)
    shop.refund(order, 50_000)
    shop.give_back(redemption)
    assert (shop.lots(home), shop.card(home)) == ([0], (0, 0))
    assert balanced(shop, home)


def test_given_back_points_that_have_expired_are_gone(shop: Shop) -> None:
    home = shop.member()
    shop.credit(home, 100, expires_at=datetime(2026, 4, 1, tzinfo=UTC))
    redemption = shop.redeem(home, 60)
    shop.clock.at = datetime(2026, 4, 2, tzinfo=UTC)
    assert shop.give_back(redemption) == 60
    kinds = [kind for kind, _ in shop.entries(home)]
    assert kinds == ["bonus", "redeem", "expire", "redeem_reversal", "expire"]
    assert shop.card(home) == (0, 0)
    assert balanced(shop, home)


def test_given_back_after_parting_goes_to_the_homes_it_came_from(shop: Shop) -> None:
    one, two = shop.member(), shop.member()
    shop.credit(one, 500)
    shop.credit(two, 100)
    shop.merge(two, one)
    redemption = shop.redeem(one, 550)
    shop.part(two, one)
    assert shop.give_back(redemption) == 550
    assert (shop.card(one), shop.card(two)) == ((500, 0), (100, 0))
    assert balanced(shop, one, two)


def test_void_takes_a_bonus_back_once(shop: Shop) -> None:
    home = shop.member()
    shop.credit(home, 100, key="referral:1")
    shop.redeem(home, 30)
    for expected in (70, 0):
        with shop.open() as ctx:
            assert service.void(ctx, "referral:1", "void:1", ctx.now) == expected
    with shop.open() as ctx:
        assert service.void(ctx, "referral:unknown", "void:2", ctx.now) == 0
    assert shop.card(home) == (0, 0)
    assert balanced(shop, home)


def test_every_line_is_explained(shop: Shop) -> None:
    store = shop.add_store("KWD", "Asia/Kuwait")
    shop.rule({store: "3.02"}, expiry_days=10)
    one, two = shop.member(), shop.member(store_id=store)
    shop.merge(two, one)
    shop.order(two, 19_999, store_id=store, key="1042")
    shop.credit(one, 500)
    shop.redeem(one, 550, key="r1")
    with shop.open() as ctx:
        newest, *older = queries.receipts(ctx, one, 9)
        assert queries.receipts(ctx, one, 9, before=newest) == older
    assert (newest.type, newest.points, newest.redemption_id) == ("redeem", -550, "r1")
    earned = next(line for line in older if line.type == "earn")
    assert (earned.order_key, earned.points, earned.basis_minor) == ("1042", 60, 19_999)
    assert (earned.rule_version, str(earned.rate), earned.currency) == (2, "3.020000", "KWD")
    assert earned.expires_at == datetime(2026, 3, 24, 21, tzinfo=UTC)
