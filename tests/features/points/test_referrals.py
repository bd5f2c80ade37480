"""Members who bring friends: the whole story, and everything that ends it otherwise."""

from datetime import UTC, datetime

import pytest

from tests.factories import FixedClock
from tests.features.points.buying import add_store, part
from tests.features.points.friends import Friends, begun, refused
from webapp.core import discovery
from webapp.core.contract import Visitor
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.notifications.domain.wording import worded
from webapp.features.points import service
from webapp.features.points.domain.referrals import ALPHABET, new_link_code, normal_code


@pytest.fixture
def friends(database: Database, clock: FixedClock) -> Friends:
    return begun(database, clock, hold_days=14)


def test_story_from_the_link_to_the_reward(friends: Friends) -> None:
    member = friends.member()
    code = friends.link(member)
    claimed = friends.claim(code, customer="77")
    assert (claimed.state, claimed.discount_state) == ("claimed", "wanted")
    friend = friends.member()
    friends.ask(
        "update customer_identities set external_id = '77' where customer_id = :f", f=friend
    )
    friends.order(friend)
    assert friends.state(claimed.claim_id) == ("held", None)
    assert friends.points(member) == 0
    friends.wait(15)
    assert friends.state(claimed.claim_id) == ("rewarded", None)
    assert friends.points(member) == 250
    assert [told["points"] for told in friends.told("points.referral_ordered")] == [250]
    (told,) = friends.told("points.referral_rewarded")
    assert told == {"customer_id": member, "store_id": friends.tenant.store_id, "points": 250}
    actions = {a for (a,) in friends.ask("select action from audit_logs")}
    assert {"referral_link_created", "referral_claimed", "referral_rewarded"} <= actions


def test_reward_is_granted_once_however_often_time_is_looked_at(friends: Friends) -> None:
    member, friend = friends.member(), friends.member()
    friends.claim(friends.link(member), customer=friend)
    friends.order(friend)
    for _ in range(3):
        friends.wait(15)
    assert friends.points(member) == 250
    assert len(friends.told("points.referral_rewarded")) == 1


def test_hold_ends_by_the_calendar_of_the_store(friends: Friends, clock: FixedClock) -> None:
    """New York changes its clocks on 8 March 2026: fourteen days later is the same time of day."""
    clock.at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    member, friend = friends.member(), friends.member()
    friends.claim(friends.link(member), customer=friend)
    friends.order(friend)
    ((until,),) = friends.ask("select hold_until from referral_claims")
    assert until == datetime(2026, 3, 15, 22, 30, tzinfo=UTC)


def test_friend_is_rewarded_as_well_where_points_are_promised(friends: Friends) -> None:
    friends.give(friend_points=40, hold_days=0)
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    friends.give(friend_points=7, advocate_points=9)
    friends.order(friend)
    assert friends.state(claimed.claim_id) == ("rewarded", None)
    assert (friends.points(member), friends.points(friend)) == (250, 40)


def test_guest_is_found_by_the_address(friends: Friends) -> None:
    member = friends.member()
    claimed = friends.claim(friends.link(member), email="New.One@shop.example")
    friend = friends.member(email="new.one@SHOP.example")
    friends.order(friend)
    assert friends.state(claimed.claim_id) == ("held", None)


def test_guest_is_found_by_the_discount_code_alone(friends: Friends) -> None:
    member = friends.member()
    claimed = friends.claim(friends.link(member), email="new@shop.example")
    ((discount,),) = friends.ask("select discount_code from referral_claims")
    friends.order(None, codes=[discount.lower()])
    assert friends.state(claimed.claim_id) == ("held", None)


def test_friend_may_order_at_another_store_of_the_merchant(friends: Friends) -> None:
    other = add_store(friends.database, friends.tenant, "USD")
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    there = friends.member(other)
    friends.merge(friend, there)
    friends.order(there, store_id=other)
    assert friends.state(claimed.claim_id) == ("held", None)


# Refused at the door.


@pytest.mark.parametrize("written", ["", "nothing", "7" * 8, "{{ shop }}", "x" * 40])
def test_unknown_code_is_refused(friends: Friends, written: str) -> None:
    assert refused(friends.claim(written or "-", customer="77")) == "unknown_code"


def test_paused_programme_takes_no_claim(friends: Friends) -> None:
    code = friends.link(friends.member())
    friends.give(enabled=False)
    assert refused(friends.claim(code, customer="77")) == "off"
    with pytest.raises(AppError, match="referrals_off"):
        friends.link(friends.member())


def test_own_link_is_refused_as_customer_of_any_store(friends: Friends) -> None:
    other = add_store(friends.database, friends.tenant, "EUR")
    member, there = friends.member(), friends.member(other)
    code = friends.link(member)
    friends.merge(member, there)
    assert refused(friends.claim(code, customer=member)) == "self"
    assert refused(friends.claim(code, customer=there, store=other)) == "self"


def test_own_link_is_refused_by_address_and_telephone(friends: Friends) -> None:
    code = friends.link(friends.member(email="me@shop.example", phone="+49 30 123456"))
    friends.contact("77", email="me@shop.example")
    friends.contact("78", phone="+4930123456")
    assert refused(friends.claim(code, customer="77")) == "self"
    assert refused(friends.claim(code, customer="78")) == "self"
    # What we know of an address is not told to whoever types it.
    assert refused(friends.claim(code, email="me@shop.example")) == "not_new"


def test_who_has_ordered_before_is_refused(friends: Friends) -> None:
    code = friends.link(friends.member())
    known = friends.member(email="known@shop.example")
    friends.order(known)
    assert refused(friends.claim(code, customer=known)) == "existing_customer"
    friends.contact("77", email="known@shop.example")
    assert refused(friends.claim(code, customer="77")) == "existing_customer"
    assert refused(friends.claim(code, email="known@shop.example")) == "not_new"


def test_person_is_a_friend_once(friends: Friends) -> None:
    first, second = friends.link(friends.member()), friends.link(friends.member())
    friends.contact("77", email="once@shop.example")
    claimed = friends.claim(first, customer="77")
    assert friends.claim(first, customer="77").claim_id == claimed.claim_id
    assert refused(friends.claim(second, customer="77")) == "already_claimed"
    assert refused(friends.claim(second, email="once@shop.example")) == "not_new"
    assert friends.ask("select code from referral_claims") == [(first,)]


def test_refusals_are_counted_by_reason(friends: Friends) -> None:
    member = friends.member()
    code = friends.link(member)
    for _ in range(3):
        friends.claim(code, customer=member)
    friends.claim("nothing", customer="77")
    counted = friends.ask("select reason, refused from referral_refusals order by reason")
    assert counted == [("self", 3), ("unknown_code", 1)]


def test_code_rests_after_too_many_refusals(friends: Friends, clock: FixedClock) -> None:
    code = friends.link(friends.member(email="me@shop.example"))
    for _ in range(50):
        friends.claim(code, email="me@shop.example")
    assert refused(friends.claim(code, email="new@shop.example")) == "too_many"
    clock.advance(days=1)
    assert friends.claim(code, email="new@shop.example").state == "claimed"


@pytest.mark.parametrize("email", ["nobody", "a@", "@shop.example", "a b@shop.example"])
def test_what_is_no_address_is_a_failure(friends: Friends, email: str) -> None:
    code = friends.link(friends.member())
    with pytest.raises(AppError, match="invalid_value"):
        friends.claim(code, email=email)
    with pytest.raises(AppError, match="field_required"):
        friends.claim(code)


# Review.


def test_many_claims_on_one_day_wait_for_a_person(friends: Friends, clock: FixedClock) -> None:
    friends.give(review_from=3, hold_days=0)
    member = friends.member()
    code = friends.link(member)
    states = [friends.claim(code, email=f"f{n}@shop.example").state for n in range(4)]
    assert states == ["claimed", "claimed", "review", "review"]
    clock.advance(days=1, seconds=1)
    assert friends.claim(code, email="later@shop.example").state == "claimed"


def test_nobody_can_make_more_claims_than_a_person_can_look_at(friends: Friends) -> None:
    friends.give(review_from=3)
    code = friends.link(friends.member())
    friends.claim(code, email="f@shop.example")
    friends.ask(
        """
        insert into referral_claims select (c).* from (
            select jsonb_populate_record(c, jsonb_build_object(
                'claim_id', 'clm_' || n, 'email_hash', null, 'discount_code', null
            )) as c
            from referral_claims c, generate_series(1, 1001) as n
        ) as copies
        """
    )
    assert friends.claim(code, email="g@shop.example").state == "review"
    assert refused(friends.claim(code, email="h@shop.example")) == "too_many"


def test_claim_in_review_waits_with_its_order_and_goes_on_when_approved(friends: Friends) -> None:
    friends.give(review_from=1, hold_days=0)
    member, friend = friends.member(), friends.member()
    claimed = friends.claim(friends.link(member), customer=friend)
    assert (claimed.state, claimed.discount_state) == ("review", "none")
    friends.order(friend)
    friends.wait(30)
    assert friends.state(claimed.claim_id) == ("ordered", None)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        service.review_claim(ctx, claimed.claim_id or "", approved=True)
    friends.wait(0)
    assert (friends.state(claimed.claim_id), friends.points(member)) == (("rewarded", None), 250)


def test_claim_that_a_person_refuses_is_over_for_good(friends: Friends) -> None:
    friends.give(review_from=1)
    member, friend = friends.member(), friends.member()
    code = friends.link(member)
    claimed = friends.claim(code, customer=friend)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        service.review_claim(ctx, claimed.claim_id or "", approved=False)
    with (
        pytest.raises(AppError, match="not_found"),
        friends.database.transaction(friends.tenant.merchant_id) as ctx,
    ):
        service.review_claim(ctx, claimed.claim_id or "", approved=True)
    friends.order(friend)
    assert friends.state(claimed.claim_id) == ("refused", "review")
    assert refused(friends.claim(friends.link(friends.member()), customer=friend))


def test_approved_claim_gets_its_code(friends: Friends) -> None:
    friends.give(review_from=1)
    claimed = friends.claim(friends.link(friends.member()), customer="77")
    assert friends.told("points.referral_claimed") == []
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        service.review_claim(ctx, claimed.claim_id or "", approved=True)
    assert friends.told("points.referral_claimed") == [{"claim_id": claimed.claim_id}]


# Links.


def test_codes_have_no_look_alikes_and_are_read_however_they_are_typed() -> None:
    code = new_link_code()
    assert set(code) <= set(ALPHABET)
    assert set("01258BOILSUZAE").isdisjoint(ALPHABET)
    assert normal_code(f" {code[:4].lower()}-{code[4:]} ") == code
    assert normal_code(code + "X") == normal_code("") == ""
    assert len({new_link_code() for _ in range(1_000)}) == 1_000


def test_member_has_one_code_and_after_a_merge_the_older_of_two(
    friends: Friends, clock: FixedClock
) -> None:
    older, newer = friends.member(), friends.member()
    first = friends.link(older)
    assert friends.link(older) == first
    clock.advance(days=1)
    second = friends.link(newer)
    friends.merge(newer, older)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        assert service.code_of(ctx, newer) == first
        part(ctx, older)
        assert service.code_of(ctx, newer) == second


def test_both_codes_of_a_merged_member_bring_friends(friends: Friends) -> None:
    friends.give(hold_days=0)
    kept, lost = friends.member(), friends.member()
    codes = friends.link(kept), friends.link(lost)
    friends.merge(kept, lost)
    for code in codes:
        friend = friends.member()
        friends.claim(code, customer=friend)
        friends.order(friend)
    assert friends.points(kept) == 500


def test_panel_shows_what_friends_have_brought(friends: Friends) -> None:
    member = friends.member()
    visitor = Visitor(
        "s.example", "/apps/loyalnest", "/de", member, True, friends.tenant.store_id, ""
    )
    code = friends.link(member)
    for days in (15, 0):
        friend = friends.member()
        friends.claim(code, customer=friend)
        friends.order(friend)
        friends.wait(days)
    with friends.database.transaction(friends.tenant.merchant_id) as ctx:
        shown = service.invitation(ctx, visitor)
    assert shown is not None
    assert (shown.friends, shown.points, shown.pending) == (2, 250, 250)
    assert shown.address == f"/de/apps/loyalnest/r/{code}"


def test_reward_that_does_not_wait_is_told_once(friends: Friends) -> None:
    friends.give(hold_days=0)
    member, friend = friends.member(), friends.member()
    friends.claim(friends.link(member), customer=friend)
    friends.order(friend)
    assert friends.told("points.referral_ordered") == []
    assert len(friends.told("points.referral_rewarded")) == 1


def test_advocate_hears_of_it_where_they_are_a_customer(friends: Friends) -> None:
    """Also when the friend ordered at another store."""
    other = add_store(friends.database, friends.tenant, "USD")
    member, friend = friends.member(), friends.member(other)
    friends.claim(friends.link(member), customer=friend, store=other)
    friends.order(friend, store_id=other)
    (told,) = friends.told("points.referral_ordered")
    assert told["store_id"] == friends.tenant.store_id
    said = discovery.notifications()["referral_ordered"]
    words = worded(said, "en", {**said.facts, "points": told["points"], "shop": "Nest"})
    assert "250 points are on their way" in words.body
