"""The shared leaderboard in a shop over real HTTP: the first ten are tagged, who falls out loses
the tag, and what the shop then names is looked at."""

import json
from datetime import UTC, datetime

import pytest

from tests.jobs.bench import PUSH, ConnectedShop
from webapp.features.points import service
from webapp.features.points.queries.leaderboard import boards

BOARD = "points.send.points.board_due"
TAG = "shared_leaderboard_2026-03"


@pytest.fixture
def shared(shop: ConnectedShop) -> ConnectedShop:
    share(shop, True)
    return shop


def share(shop: ConnectedShop, on: bool) -> None:
    config = json.dumps({"shared_stores": [shop.tenant.shop], "shared_leaderboard": on})
    shop.ask(
        "insert into program_settings (merchant_id, multi_store_config)"
        " values (:m, cast(:config as jsonb)) on conflict (merchant_id) do update"
        " set multi_store_config = excluded.multi_store_config",
        m=shop.tenant.merchant_id,
        config=config,
    )


def score(shop: ConnectedShop, **scores: int) -> None:
    """Orders of this month, so many points for each customer (c7=30)."""
    at = "2026-03-10"
    shop.earn(*(f"{name[1:]},{at},{points}.00" for name, points in scores.items()))
    shop.drain(PUSH)


def run(shop: ConnectedShop, *, all_of_them: bool = True) -> int:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        told = service.share_boards(ctx, all_of_them=all_of_them)
    shop.drain(BOARD)
    return told


def tagged(shop: ConnectedShop, tag: str = TAG) -> set[int]:
    customers = shop.admin.states[shop.tenant.shop].customers
    return {number for number, one in customers.items() if tag in one.tags}


def verified(shop: ConnectedShop) -> list[tuple[str | None, int, bool]]:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        return [(b.cycle, b.members, b.verified) for b in boards(ctx)]


def test_the_first_ten_are_tagged_and_read_back(shared: ConnectedShop) -> None:
    score(shared, **{f"c{n}": 100 + n for n in range(1, 13)})
    assert run(shared) == 1
    assert tagged(shared) == set(range(3, 13))
    assert verified(shared) == [("2026-03", 10, True)]
    sql = "select metadata from audit_logs where action = 'shared_leaderboard_updated'"
    ((told,),) = shared.ask(sql)
    assert (len(told["added"]), told["removed"], told["verified"]) == (10, [], True)


def test_who_falls_out_loses_the_tag(shared: ConnectedShop) -> None:
    score(shared, **{f"c{n}": 100 + n for n in range(1, 11)})
    run(shared)
    score(shared, c20=500)
    run(shared)
    assert tagged(shared) == {*range(2, 11), 20}
    calls = shared.admin.calls
    run(shared)
    assert (shared.admin.calls, verified(shared)) == (calls + 1, [("2026-03", 10, True)])


def test_tags_that_others_set_are_taken_away_also_many(shared: ConnectedShop) -> None:
    score(shared, c1=10)
    state = shared.admin.states[shared.tenant.shop]
    for number in range(100, 125):
        state.customer(number).tags = (TAG,)
    run(shared)
    assert tagged(shared) == {1}


def test_a_score_that_the_shop_shows_wrongly_is_not_verified(shared: ConnectedShop) -> None:
    at = "2026-03-10"
    shared.earn(f"1,{at},10.00")
    run(shared)
    assert (tagged(shared), verified(shared)) == ({1}, [("2026-03", 1, False)])
    shared.drain(PUSH)
    # What was not right is tried again with the next hour, what is right is not.
    assert run(shared, all_of_them=False) == 1
    assert verified(shared) == [("2026-03", 1, True)]
    assert run(shared, all_of_them=False) == 0


def test_a_new_cycle_gets_tags_of_its_own(shared: ConnectedShop) -> None:
    score(shared, c1=10)
    run(shared)
    shared.parts.clock.at = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    assert run(shared, all_of_them=False) == 1
    shared.earn("2,2026-04-01,7.00")
    shared.drain(PUSH)
    run(shared)
    assert (tagged(shared), tagged(shared, "shared_leaderboard_2026-04")) == ({1}, {2})


def test_a_store_that_shares_no_more_has_no_tags(shared: ConnectedShop) -> None:
    score(shared, c1=10)
    run(shared)
    share(shared, False)
    assert run(shared) == 1
    assert tagged(shared) == set()
    assert run(shared) == 0


def test_nothing_is_shared_unless_somebody_says_so(shop: ConnectedShop) -> None:
    score(shop, c1=10)
    assert run(shop) == 0
    share(shop, False)
    assert run(shop) == 0


def test_a_customer_whom_the_shop_does_not_know_is_left_out(shared: ConnectedShop) -> None:
    score(shared, c1=10, c2=20)
    shared.admin.states[shared.tenant.shop].gone = {2}
    run(shared)
    assert 1 in tagged(shared)
    assert verified(shared)[0][2] is False
