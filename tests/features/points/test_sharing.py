"""What stores share: chosen step by step, with a preview before and a way back after."""

import pytest

from tests.factories import FixedClock
from tests.features.points.people import Chain, make_chain
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points import queries
from webapp.features.points.messages.identities import Preview, Sharing
from webapp.features.points.service import identities, matching, sharing

ADA, BOB, CAT = (f"{name}@shop.example" for name in ("ada", "bob", "cat"))


@pytest.fixture
def chain(database: Database, clock: FixedClock) -> Chain:
    """s1 shares; Ada and Bob are customers of s1 and of s2."""
    made = make_chain(database, clock, "s2")
    made.share("s1")
    for store, start in (("s1", 0), ("s2", 10)):
        made.customer(store, str(start + 1), email=ADA, points=100 + start)
        made.customer(store, str(start + 2), email=BOB, points=200)
    made.customer("s2", "13", email=CAT, points=5)
    return made


def settings(chain: Chain) -> Sharing:
    with chain.act() as ctx:
        return queries.read_sharing(ctx)


def looked(chain: Chain, store: str = "s2") -> Preview:
    with chain.act() as ctx:
        return matching.preview(ctx, chain.stores[store])


def last_change(chain: Chain) -> str:
    with chain.act() as ctx:
        return next(c.change_id for c in queries.changes(ctx, 9) if c.undone_at is None)


def undo(chain: Chain) -> None:
    change_id = last_change(chain)
    with chain.act() as ctx:
        sharing.undo_change(ctx, change_id)
    chain.hear("sharing.narrowed", "sharing.widened")


def test_preview_says_what_adding_a_store_does_and_changes_nothing(chain: Chain) -> None:
    found = looked(chain)
    assert (found.merges, found.members, found.points) == (2, 4, 610)
    assert (found.conflicts, found.unasked, found.refused, found.more) == (0, 0, 0, False)
    assert [(pair.points, pair.reason) for pair in found.sample] == [(400, "email"), (210, "email")]
    assert chain.links() == []
    chain.share("s2")
    assert len(chain.links()) == found.merges


def test_preview_counts_tiers_that_differ(chain: Chain) -> None:
    home = str(
        chain.ask("select customer_id from customer_identities where external_id = '1'")[0][0]
    )
    chain.ask("update customer_cards set tier = 'gold' where customer_id = :home", home=home)
    found = looked(chain)
    assert (found.conflicts, found.sample[0].kept.tier) == (1, "gold")


def test_preview_tells_who_was_parted_who_said_no_and_who_waits_for_the_question(
    chain: Chain,
) -> None:
    chain.ask("update customer_identities set linking_consent = false where external_id = '1'")
    assert (looked(chain).merges, looked(chain).refused) == (1, 1)
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=False, ask_members=True)
    assert (looked(chain).merges, looked(chain).unasked) == (0, 1)


def test_adding_and_removing_a_store_is_stored_as_the_specification_says(chain: Chain) -> None:
    chain.share("s2")
    stored = chain.ask("select multi_store_config from program_settings")[0][0]
    both = sorted([chain.domain("s1"), chain.domain("s2")])
    assert stored == {"shared_stores": both, "shared_leaderboard": False, "ask_members": False}
    with chain.act() as ctx:
        sharing.remove_store(ctx, chain.domain("s1"))
    assert settings(chain).shared_stores == (chain.domain("s2"),)


def test_keys_of_others_in_the_document_stay(chain: Chain) -> None:
    sql = "update program_settings set multi_store_config = multi_store_config || '{\"x\": 1}'"
    chain.ask(sql)
    chain.share("s2")
    assert chain.ask("select multi_store_config ->> 'x' from program_settings")[0][0] == "1"


def test_undoing_the_last_change_undoes_the_links_that_came_of_it(chain: Chain) -> None:
    ones = [
        row[0] for row in chain.ask("select customer_id from users where points_balance >= 100")
    ]
    with chain.act() as ctx:
        by_hand = identities.merge(ctx, ones[0], ones[1], "merchant")
    chain.share("s2")
    assert len(chain.links()) == 3
    undo(chain)
    assert chain.links() == [by_hand]
    assert settings(chain).shared_stores == (chain.domain("s1"),)


def test_store_that_was_added_undone_and_added_again_links_again(chain: Chain) -> None:
    chain.share("s2")
    undo(chain)
    chain.share("s2")
    assert len(chain.links()) == 2


def test_change_is_undone_once_and_only_the_newest(chain: Chain) -> None:
    chain.share("s2")
    older = last_change(chain)
    chain.clock.advance(seconds=1)
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=True, ask_members=False)
    with chain.act() as ctx, pytest.raises(AppError, match="nothing_to_undo"):
        sharing.undo_change(ctx, older)
    undo(chain)
    assert settings(chain).shared_leaderboard is False
    undo(chain)
    assert settings(chain).shared_stores == (chain.domain("s1"),)


def test_chunk_that_is_still_to_come_of_an_undone_change_links_nobody(chain: Chain) -> None:
    with chain.act() as ctx:
        sharing.add_store(ctx, chain.stores["s2"])
    change_id = last_change(chain)
    with chain.act() as ctx:
        sharing.undo_change(ctx, change_id)
        sharing.add_store(ctx, chain.stores["s2"])
    chain.ask("delete from deliveries")
    with chain.act() as ctx:
        sharing.work_widened(ctx, chain.stores["s2"], "", change_id)
    assert chain.links() == []


def test_store_is_worked_through_in_chunks(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "CUSTOMERS_A_CHUNK", 1)
    monkeypatch.setattr(sharing, "LINKS_A_CHUNK", 1)
    chain.share("s2")
    assert len(chain.links()) == 2
    undo(chain)
    assert chain.links() == []


def test_members_of_a_store_that_left_stay_linked_until_somebody_parts_them(chain: Chain) -> None:
    chain.share("s2")
    with chain.act() as ctx:
        sharing.remove_store(ctx, chain.stores["s2"])
    new = chain.customer("s1", "3", email=CAT)
    chain.tell("s1", "3")
    assert (len(chain.links()), chain.member(new)) == (2, new)
    with chain.act() as ctx:
        sharing.part_store(ctx, chain.stores["s2"])
    chain.hear("sharing.narrowed", "members.parted")
    assert chain.links() == []
    chain.share("s2")
    assert len(chain.links()) == 3


def test_store_that_shares_cannot_be_parted(chain: Chain) -> None:
    with chain.act() as ctx, pytest.raises(AppError, match="store_not_found"):
        sharing.part_store(ctx, chain.stores["s1"])


def test_asking_no_more_links_those_who_waited(chain: Chain) -> None:
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=False, ask_members=True)
    chain.share("s2")
    assert chain.links() == []
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=False, ask_members=False)
    chain.hear("sharing.widened")
    assert len(chain.links()) == 2


def test_switch_of_the_leaderboard_is_audited_under_its_own_name(chain: Chain) -> None:
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=True, ask_members=False)
        sharing.choose(ctx, shared_leaderboard=True, ask_members=False)
    sql = "select metadata from audit_logs where action = 'shared_leaderboard_updated'"
    assert [row[0] for row in chain.ask(sql)] == [{"shared_leaderboard": True}]
    changed = "select count(*) from audit_logs where action = 'multi_store_config_updated'"
    assert chain.ask(changed)[0][0] == 2


def test_foreign_store_is_unknown(chain: Chain, database: Database, clock: FixedClock) -> None:
    other = make_chain(database, clock)
    for work in (sharing.add_store, sharing.remove_store, sharing.part_store, matching.preview):
        with chain.act() as ctx, pytest.raises(AppError, match="store_not_found"):
            work(ctx, other.stores["s1"])


def test_adoption_counts_persons(chain: Chain) -> None:
    def adoption() -> tuple[float, int]:
        with chain.act() as ctx:
            found = queries.multi_store_adoption(ctx)
        return found.numerator, found.denominator

    assert adoption() == (0, 5)
    chain.share("s2")
    assert adoption() == (2, 3)
