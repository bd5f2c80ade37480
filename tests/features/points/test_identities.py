"""Who is one person over several stores: verified addresses only, and always with a way back."""

import pytest

from tests.factories import FixedClock
from tests.features.points.people import Chain, make_chain
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points.messages.identities import SetLinking
from webapp.features.points.service import consent, identities, matching, sharing

ADA = "ada@shop.example"


@pytest.fixture
def chain(database: Database, clock: FixedClock) -> Chain:
    """Three stores, of which s1 and s2 share."""
    made = make_chain(database, clock, "s2", "s3")
    made.share("s1", "s2")
    return made


def test_unverified_address_links_nobody_and_verified_adds_up_and_parts_again(chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA, points=500)
    two = chain.customer("s2", "8", email=ADA, verified=False, points=100)
    chain.tell("s2", "8")
    assert (chain.points(one), chain.points(two)) == (500, 100)
    chain.reach("s2", "8", email=ADA)
    chain.tell("s2", "8")
    assert (chain.points(one), chain.points(two), chain.member(two)) == (600, 600, one)
    chain.redeem(two, 550, "s2")
    assert chain.points(one) == 50
    chain.unmerge(*chain.links())
    assert (chain.points(one), chain.points(two)) == (0, 50)


def test_address_is_compared_as_it_is_normalised(chain: Chain) -> None:
    one = chain.customer("s1", "7", email="müller@bücher.example")
    two = chain.customer("s2", "8", email="MÜLLER@xn--bcher-kva.example")
    three = chain.customer("s2", "9", email="mü.ller@bücher.example")
    chain.tell("s2", "8", "9")
    assert (chain.member(two), chain.member(three)) == (one, three)


def test_telephone_links_unless_both_have_verified_other_addresses(chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA, phone="+49 30 123456")
    two = chain.customer("s2", "8", phone="+4930123456")
    three = chain.customer("s2", "9", email="bob@shop.example", phone="+4930123456")
    chain.tell("s2", "8", "9")
    assert (chain.member(two), chain.member(three)) == (one, three)


@pytest.mark.parametrize("names", [("s1", "s3"), ("s3", "s1")])
def test_store_that_does_not_share_is_left_out(chain: Chain, names: tuple[str, str]) -> None:
    first, second = names
    chain.customer(first, "7", email=ADA)
    two = chain.customer(second, "8", email=ADA)
    chain.tell(second, "8")
    assert chain.member(two) == two


def test_customers_of_one_store_are_never_linked_by_address(chain: Chain) -> None:
    chain.customer("s1", "7", phone="+4930123456")
    two = chain.customer("s1", "8", phone="+4930123456")
    chain.tell("s1", "7", "8")
    assert chain.member(two) == two


def test_other_merchant_with_the_same_customer_is_not_touched(
    chain: Chain, database: Database, clock: FixedClock
) -> None:
    other = make_chain(database, clock, "s2")
    other.share("s1", "s2")
    theirs = other.customer("s1", "7", email=ADA, points=70)
    mine = chain.customer("s2", "7", email=ADA, points=30)
    chain.tell("s2", "7")
    assert (other.points(theirs), chain.points(mine)) == (70, 30)


def test_pair_that_staff_parted_is_not_linked_again_by_itself(chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA)
    two = chain.customer("s2", "8", email=ADA)
    chain.tell("s2", "8")
    chain.unmerge(*chain.links())
    chain.hear("members.parted")
    chain.tell("s1", "7")
    assert (chain.member(one), chain.member(two)) == (one, two)


def test_staff_parting_holds_against_a_third_customer_in_between(chain: Chain) -> None:
    chain.share("s3")
    one = chain.customer("s1", "7", email=ADA)
    two = chain.customer("s2", "8", email=ADA)
    chain.tell("s2", "8")
    chain.unmerge(*chain.links())
    three = chain.customer("s3", "9", email=ADA)
    chain.tell("s3", "9")
    assert chain.member(one) != chain.member(two)
    assert chain.member(three) in (one, two)


def test_parting_the_middle_one_leaves_the_others_one_person(chain: Chain) -> None:
    chain.share("s3")
    homes = [chain.customer(store, "7", email=ADA) for store in ("s2", "s1", "s3")]
    chain.tell("s1", "7")
    chain.tell("s3", "7")
    assert {chain.member(home) for home in homes} == {homes[0]}
    say(chain, "s2", "7", homes[0], "no")
    chain.hear("members.parted")
    assert [chain.member(home) for home in homes] == [homes[0], homes[1], homes[1]]


def say(chain: Chain, store: str, external_id: str, home: str, allow: str) -> None:
    """What a shopper answers in a shop."""
    message = SetLinking(chain.member(home), chain.stores[store], external_id, allow)  # type: ignore[arg-type]
    with chain.act() as ctx:
        consent.set_linking(ctx, message)


def test_member_who_said_no_is_parted_and_linked_again_only_after_yes(chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA, points=500)
    two = chain.customer("s2", "8", email=ADA, points=100)
    chain.tell("s2", "8")
    say(chain, "s2", "8", one, "no")
    chain.hear("members.parted")
    chain.tell("s1", "7")
    assert (chain.points(one), chain.points(two)) == (500, 100)
    say(chain, "s2", "8", two, "yes")
    assert (chain.points(one), chain.points(two)) == (600, 600)


def test_members_who_are_asked_first_are_linked_when_they_say_yes(chain: Chain) -> None:
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=False, ask_members=True)
    one = chain.customer("s1", "7", email=ADA)
    two = chain.customer("s2", "8", email=ADA)
    chain.tell("s2", "8")
    assert chain.member(two) == two
    say(chain, "s2", "8", two, "yes")
    assert chain.member(two) == one


def test_what_a_shop_merged_follows_the_survivor_and_stays(chain: Chain) -> None:
    lost = chain.customer("s1", "7", points=30)
    kept = chain.customer("s1", "8", points=5)
    merged(chain, "7", "8")
    assert (chain.member(lost), chain.points(kept)) == (kept, 35)
    with pytest.raises(AppError, match="link_ended"):
        chain.unmerge(*chain.links())


@pytest.mark.parametrize("known", ["7", "8"])
def test_shop_merge_is_followed_once_the_other_customer_is_known(chain: Chain, known: str) -> None:
    first = chain.customer("s1", known, points=30)
    merged(chain, "7", "8")
    assert chain.member(first) == first
    other = "8" if known == "7" else "7"
    second = chain.customer("s1", other, points=5)
    chain.tell("s1", other)
    assert chain.points(first) == chain.points(second) == 35
    assert chain.member(first) == (second if known == "7" else first)


def merged(chain: Chain, lost: str, kept: str) -> None:
    with chain.act() as ctx:
        matching.take_shop_merge(ctx, chain.stores["s1"], lost, kept)


def test_no_parts_a_shop_merge_from_the_other_store_but_not_itself(chain: Chain) -> None:
    other = chain.customer("s2", "1", email=ADA)
    lost = chain.customer("s1", "7", email=ADA)
    chain.tell("s1", "7")
    kept = chain.customer("s1", "8")
    merged(chain, "7", "8")
    assert {chain.member(home) for home in (other, lost)} == {kept}
    say(chain, "s1", "8", kept, "no")
    assert chain.member(lost) == chain.member(kept) != chain.member(other)


def test_every_merge_and_parting_is_logged_audited_and_told(chain: Chain) -> None:
    one = chain.customer("s1", "7")
    two = chain.customer("s2", "8")
    with chain.act() as ctx:
        link = identities.merge(ctx, one, two, "merchant")
    chain.unmerge(link)
    log = chain.ask("select kind, kept, lost, homes, actor_id from identity_links order by kind")
    assert [tuple(row) for row in log] == [
        ("merge", one, two, [two], "adm_1"),
        ("part", one, two, [two], "adm_1"),
    ]
    audit = "select action from audit_logs where action like 'members_%' order by audit_id"
    assert [row[0] for row in chain.ask(audit)] == ["members_merged", "members_parted"]
    told = "select payload from outbox where topic = 'members.merged'"
    assert chain.ask(told)[0][0] == {"member": one, "homes": [two], "link_id": link}


def test_link_is_undone_once(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    with chain.act() as ctx:
        link = identities.merge(ctx, one, two, "merchant")
        identities.unmerge(ctx, link)
        with pytest.raises(AppError, match="link_ended"):
            identities.unmerge(ctx, link)
        with pytest.raises(AppError, match="link_not_found"):
            identities.unmerge(ctx, "lnk_nothing")


def test_members_are_merged_once(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    with chain.act() as ctx:
        identities.merge(ctx, one, two, "merchant")
        with pytest.raises(AppError, match="members_already_one"):
            identities.merge(ctx, two, one, "merchant")


def test_foreign_members_and_links_do_not_exist(
    chain: Chain, database: Database, clock: FixedClock
) -> None:
    other = make_chain(database, clock, "s2")
    theirs = [other.customer("s1", "7"), other.customer("s2", "8")]
    with other.act() as ctx:
        link = identities.merge(ctx, *theirs, "merchant")
    mine = chain.customer("s1", "7")
    with chain.act() as ctx:
        with pytest.raises(AppError, match="customer_not_found"):
            identities.merge(ctx, mine, theirs[0], "merchant")
        with pytest.raises(AppError, match="link_not_found"):
            identities.unmerge(ctx, link)
