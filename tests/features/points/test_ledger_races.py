"""Real threads and real commits: nobody spends the same points twice, whoever comes at once; and
what the database itself refuses."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.factories import FixedClock
from tests.features.points.ledgers import Shop
from webapp.core.db import connection_lost
from webapp.core.errors import AppError
from webapp.features.points import service
from webapp.features.points.queries import checks
from webapp.parts import Parts


@pytest.fixture
def shop(committed: Parts, clock: FixedClock) -> Shop:
    return Shop(committed.database, clock)


def settled(shop: Shop) -> None:
    with shop.open() as ctx:
        assert checks.unbalanced(ctx, 9) == []
        homes = list(ctx.db.scalars(text("select customer_id from users")))
        assert checks.replayed(ctx, homes) == []


def test_two_stores_cannot_spend_the_same_points(shop: Shop) -> None:
    other = shop.add_store()
    home = shop.member()
    shop.credit(home, 500)
    barrier = Barrier(2)

    def spend(store_id: str) -> str:
        barrier.wait()
        try:
            shop.redeem(home, 500, store_id=store_id)
        except AppError as error:
            return error.kind.code
        return "redeemed"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(spend, (shop.store_id, other)))
    assert found == ["insufficient_points", "redeemed"]
    assert (shop.card(home), shop.lots(home)) == ((0, 0), [0])


def test_the_same_request_at_once_counts_once(shop: Shop) -> None:
    home = shop.member()
    shop.credit(home, 500)
    barrier = Barrier(4)

    def spend(_: int) -> None:
        barrier.wait()
        shop.redeem(home, 100, key="the same")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spend, range(4)))
    assert shop.card(home) == (400, 0)


def again(work: Callable[[], object], deadlocks: list[int]) -> None:
    """Do as a worker does: what the database broke off is done again."""
    while True:
        try:
            work()
        except DBAPIError as error:
            if not connection_lost(error):
                raise
            deadlocks.append(1)
        except AppError:
            return
        else:
            return


def jobs_of(shop: Shop, pairs: list[tuple[str, str]], seed: int) -> Iterator[Callable[[], object]]:
    """Everything that moves points of these members, in an order of this worker's own."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    for one, two in dice.sample(pairs, len(pairs)):
        points = dice.choice([100, 50, 30])
        yield lambda m=one, n=points: shop.redeem(m, n)
        yield lambda m=one, k=f"b:{one}:{seed}": shop.credit(m, 10, key=k)
        if seed == 0:
            yield lambda a=two: shop.order(a, 2000)
        if seed == 1:
            yield lambda a=two, b=one: shop.merge(a, b)
        if seed == 2:
            yield lambda m=one: shop.give_back(shop.redeem(m, 20))


def race(shop: Shop, members: int, workers: int) -> list[int]:
    """Let workers move the points of members at once; the deadlocks that were met."""
    pairs = [(shop.member(), shop.member()) for _ in range(members)]
    orders = [shop.order(one, 30_000, award=False) for one, _ in pairs]
    shop.award(orders[0], orders[-1])
    deadlocks: list[int] = []
    barrier = Barrier(workers)

    def work(seed: int) -> None:
        barrier.wait()
        for job in jobs_of(shop, pairs, seed):
            again(job, deadlocks)
        if seed == workers - 1:
            refunds = [shop.refund(order, 30_000, tell=False) for order in orders]
            again(lambda: shop.tell_refund(refunds[0], refunds[-1]), deadlocks)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    return deadlocks


def test_workers_that_come_at_once_keep_the_books(shop: Shop) -> None:
    race(shop, members=6, workers=4)
    settled(shop)


@pytest.mark.full
def test_two_hundred_members_and_eight_workers(shop: Shop) -> None:
    deadlocks = race(shop, members=200, workers=8)
    settled(shop)
    # Members are locked in one order, so that there is nothing to do again.
    assert deadlocks == []


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("update points_transactions set points = 1", "permission denied|only grows"),
        ("delete from points_transactions", "permission denied|only grows"),
        ("delete from points_lots", "permission denied"),
        ("delete from lot_allocations", "permission denied"),
        ("update points_lots set remaining = -1", "ck_points_lots_remaining"),
        ("update points_lots set remaining = points + 1", "ck_points_lots_remaining"),
        ("update points_deficits set points = -1", "ck_points_deficits_points"),
        ("update lot_allocations set returned = points + 1", "ck_lot_allocations_returned"),
        (
            "insert into points_transactions (merchant_id, customer_id, store_id, type, points,"
            " rule_version, occurred_at, idempotency_key) select merchant_id, customer_id,"
            " store_id, type, points, 1, occurred_at, idempotency_key from points_transactions",
            "idempotency_key",
        ),
        ("update points_lots set merchant_id = 'mer_other'", "row-level security"),
        (
            "insert into points_lots (merchant_id, customer_id, transaction_id, points, remaining,"
            " available_at) select merchant_id, 'cus_of_another', 1, 1, 1, now() from merchants",
            "cus_of_another|customer",
        ),
        (
            "insert into lot_allocations (merchant_id, customer_id, debit_id, lot_id, points)"
            " select merchant_id, customer_id, 1, transaction_id, 1 from points_lots",
            "fk_lot_allocations_points_transactions",
        ),
    ],
)
def test_database_refuses(held: Parts, clock: FixedClock, sql: str, refusal: str) -> None:
    shop = Shop(held.database, clock)
    home = shop.member()
    shop.rule(return_policy="unlimited")
    order = shop.order(home, 5000)
    shop.redeem(home, 20)
    shop.refund(order, 5000)
    with pytest.raises(DBAPIError, match=refusal), shop.open() as ctx:
        ctx.db.execute(text(sql))
        ctx.db.execute(text("set constraints all immediate"))


def test_another_tenants_points_are_not_there(held: Parts, clock: FixedClock) -> None:
    shop, other = Shop(held.database, clock), Shop(held.database, clock)
    home = shop.member()
    shop.credit(home, 100, key="bonus:1")
    with pytest.raises(AppError, match="customer_not_found"):
        other.credit(home, 100)
    with other.open() as ctx:
        assert service.void(ctx, "bonus:1", "void:1", ctx.now + timedelta(1)) == 0
    assert shop.spendable(home) == 100
