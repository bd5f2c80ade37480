"""What takes a reward for a friend away, before and after it was granted; and races."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import FixedClock
from tests.features.points.buying import part
from tests.features.points.friends import Friends, begun
from webapp.core.db import Database
from webapp.features.points import service
from webapp.features.points.messages.referrals import ReferralClaimed
from webapp.parts import Parts


@pytest.fixture
def friends(database: Database, clock: FixedClock) -> Friends:
    return begun(database, clock, hold_days=14, minimums={"USD": 2_000}, friend_points=30)


def brought(friends: Friends, minor: int = 5_000) -> tuple[str, str, str, int]:
    """(advocate, friend, claim, order): a friend has claimed and ordered."""
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    return member, friend, str(claimed.claim_id), friends.order(friend, minor)


def test_order_that_was_made_before_the_claim_makes_it_void(friends: Friends) -> None:
    """It may be heard of later: its own time decides."""
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    friends.order(friend, at=friends.clock.at - timedelta(minutes=5))
    friends.order(friend)
    assert friends.state(claimed.claim_id) == ("void", "existing_customer")


def test_order_in_the_second_of_the_claim_counts(friends: Friends) -> None:
    """Shops tell the second of an order only."""
    friends.clock.advance(milliseconds=400)
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    friends.order(friend, at=friends.clock.at.replace(microsecond=0))
    assert friends.state(claimed.claim_id) == ("held", None)


def test_only_the_first_order_counts(friends: Friends) -> None:
    _, _, claim, first = brought(friends)
    ((order_id,),) = friends.ask(
        "select order_id from referral_claims where claim_id = :c", c=claim
    )
    assert order_id == first
    friends.order(friends.ask("select friend from referral_claims")[0][0], 9_000)
    assert friends.ask("select order_id from referral_claims") == [(first,)]


def test_first_order_below_the_minimum_ends_the_claim(friends: Friends) -> None:
    _, friend, claim, _ = brought(friends, 1_999)
    friends.order(friend, 9_000)
    assert friends.state(claim) == ("void", "below_minimum")


def test_advocate_who_uses_the_code_gets_nothing(friends: Friends) -> None:
    member = friends.member()
    claimed = friends.claim(friends.link(member), email="made-up@shop.example")
    ((discount,),) = friends.ask("select discount_code from referral_claims")
    friends.order(member, codes=[discount])
    friends.wait(30)
    assert (friends.state(claimed.claim_id), friends.points(member)) == (("void", "self"), 0)


def test_cancelling_during_the_hold_makes_the_claim_void(friends: Friends) -> None:
    member, _, claim, order = brought(friends)
    friends.cancel(order)
    friends.wait(30)
    assert (friends.state(claim), friends.points(member)) == (("void", "cancelled"), 0)


def test_partial_refund_leaves_the_reward_as_long_as_the_minimum_is_met(friends: Friends) -> None:
    member, friend, claim, order = brought(friends)
    friends.refund(order, 3_000)
    friends.wait(15)
    assert (friends.state(claim), friends.points(member)) == (("rewarded", None), 250)
    friends.refund(order, 1)
    assert friends.state(claim) == ("void", "refunded")
    assert (friends.points(member), friends.points(friend)) == (0, 0)


def test_refund_that_nobody_has_heard_of_yet_stops_the_grant(friends: Friends) -> None:
    member, _, claim, order = brought(friends)
    friends.ask(
        "insert into refunds (merchant_id, store_id, external_id, refunded_at, amount_minor,"
        " order_key) select merchant_id, store_id, 'r', ordered_at, 5000, external_id"
        " from orders where order_id = :o",
        o=order,
    )
    friends.wait(15)
    assert (friends.state(claim), friends.points(member)) == (("void", "refunded"), 0)


def test_refund_after_the_reward_takes_both_back_once(friends: Friends) -> None:
    member, friend, claim, order = brought(friends)
    friends.wait(15)
    assert (friends.points(member), friends.points(friend)) == (250, 30)
    for _ in range(2):
        friends.refund(order, 2_500)
    friends.cancel(order)
    assert (friends.points(member), friends.points(friend)) == (0, 0)
    assert friends.state(claim) == ("void", "refunded")
    kinds = friends.ask("select type, count(*) from points_transactions group by 1 order by 1")
    assert kinds == [("bonus", 2), ("clawback", 2)]


def test_refund_before_the_order_is_heard_of_counts(friends: Friends) -> None:
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    friends.ask(
        "insert into refunds (merchant_id, store_id, external_id, refunded_at, amount_minor,"
        " order_key) values (:m, :s, 'r', now(), 5000, 'early')",
        m=friends.tenant.merchant_id,
        s=friends.tenant.store_id,
    )
    friends.ask(
        "insert into orders (merchant_id, store_id, external_id, customer_id, ordered_at,"
        " amount_minor) values (:m, :s, 'early', :f, :at, 5000)",
        m=friends.tenant.merchant_id,
        s=friends.tenant.store_id,
        f=friend,
        at=friends.clock.at,
    )
    ((order_id,),) = friends.ask("select order_id from orders")
    payload = {"store_id": friends.tenant.store_id, "first": order_id, "last": order_id}
    friends.emit("orders.paid", payload)
    assert friends.state(claimed.claim_id) == ("void", "refunded")


@pytest.mark.parametrize("days", [0, 15])
def test_advocate_and_friend_who_are_one_person_lose_both_rewards(
    friends: Friends, days: int
) -> None:
    member, friend, claim, _ = brought(friends)
    friends.wait(days)
    friends.merge(member, friend)
    assert (friends.state(claim), friends.points(member)) == (("void", "same_person"), 0)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        part(ctx, friend)
    friends.emit("members.parted", {"member": member, "homes": [friend], "link_id": "x"})
    friends.wait(30)
    assert (friends.state(claim), friends.points(member), friends.points(friend)) == (
        ("void", "same_person"),
        0,
        0,
    )


def test_friend_who_was_brought_twice_counts_for_the_first(friends: Friends) -> None:
    """Two accounts of one person, each brought by somebody else."""
    first, one, early, _ = brought(friends)
    friends.clock.advance(hours=1)
    second, two, late, _ = brought(friends)
    friends.wait(15)
    assert (friends.points(first), friends.points(second)) == (250, 250)
    friends.merge(one, two)
    assert (friends.state(early), friends.state(late)) == (
        ("rewarded", None),
        ("void", "already_claimed"),
    )
    assert (friends.points(first), friends.points(second)) == (250, 0)


def test_monthly_cap_counts_the_months_of_the_programme(
    friends: Friends, clock: FixedClock
) -> None:
    friends.give(monthly_cap=2, hold_days=0, friend_points=30)
    friends.ask(
        "insert into program_settings (merchant_id, timezone) values (:m, 'Asia/Tokyo')"
        " on conflict (merchant_id) do update set timezone = excluded.timezone",
        m=friends.tenant.merchant_id,
    )
    # April begins in Tokyo while it is still March in UTC.
    clock.at = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
    member = friends.member()
    code = friends.link(member)
    claims = []
    for _ in range(3):
        friend = friends.member()
        claims.append(friends.claim(code, customer=friend).claim_id)
        friends.order(friend)
    assert [friends.state(claim)[0] for claim in claims] == ["rewarded", "rewarded", "refused"]
    assert (friends.points(member), friends.points(friend)) == (500, 30)
    clock.at = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    friend = friends.member()
    friends.claim(code, customer=friend)
    friends.order(friend)
    assert friends.points(member) == 750


def test_erased_friend_is_forgotten(friends: Friends) -> None:
    code = friends.link(friends.member())
    claimed = friends.claim(code, customer="77")
    friends.emit("customers.redacted", {"store_id": friends.tenant.store_id, "customers": ["77"]})
    assert friends.state(claimed.claim_id) == ("void", "erased")
    assert friends.ask("select external_id, email_hash from referral_claims") == [(None, None)]


def test_spent_reward_is_taken_back_as_far_as_the_rules_allow(friends: Friends) -> None:
    member, _, claim, order = brought(friends)
    friends.wait(15)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        spent = service.Debit(member, friends.tenant.store_id, "redeem", 200, "spend", ctx.now)
        service.debit(ctx, spent)
    friends.refund(order, 5_000)
    assert friends.state(claim) == ("void", "refunded")
    assert friends.points(member) == 0


# At once, with real commits.


def test_many_claims_at_once_make_one_friend(committed: Parts, clock: FixedClock) -> None:
    friends = begun(committed.database, clock)
    codes = [friends.link(friends.member()) for _ in range(4)]
    friends.contact("77", email="once@shop.example")

    def claim(n: int) -> ReferralClaimed:
        if n % 2:
            return friends.claim(codes[n % 4], customer="77")
        return friends.claim(codes[n % 4], email="once@shop.example")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(claim, range(16)))
    assert len(friends.ask("select 1 from referral_claims")) == 1
    assert len({a.claim_id for a in answers if a.claim_id}) == 1


def test_claims_of_one_link_at_once_are_counted_one_after_the_other(
    committed: Parts, clock: FixedClock
) -> None:
    friends = begun(committed.database, clock, review_from=4)
    code = friends.link(friends.member())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: friends.claim(code, email=f"f{n}@x.example"), range(8)))
    assert sorted(a.state for a in answers) == ["claimed"] * 3 + ["review"] * 5


def test_grant_and_refund_at_once_leave_no_reward(committed: Parts, clock: FixedClock) -> None:
    friends = begun(committed.database, clock, hold_days=14, friend_points=30)
    made = [brought(friends) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        refunds = [pool.submit(friends.refund, order, 5_000) for *_, order in made]
        grants = [pool.submit(friends.wait, 15) for _ in range(3)]
        for done in (*refunds, *grants):
            done.result()
    # Who found the lane taken has left the rest to whoever comes next.
    friends.follow()
    for member, friend, claim, _ in made:
        assert friends.state(claim) == ("void", "refunded")
        assert (friends.points(member), friends.points(friend)) == (0, 0)
