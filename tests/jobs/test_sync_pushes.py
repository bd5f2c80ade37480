"""Cards on their way to a shop: who is refused stops nobody else, the newer push stays, a small
bucket loses nothing, and what is shown already is not sent."""

import time

import pytest

from jobs import sending
from tests.jobs.bench import PUSH, ConnectedShop
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.demo.standins.metafields import Entry
from webapp.features.points.service import CARDS_A_CALL, identities

WORK = discovery.handlers()[PUSH]
assert isinstance(WORK, Send)
DAY = "2026-01-01"


def earn(shop: ConnectedShop, count: int) -> None:
    shop.earn(*(f"{customer},{DAY},10.00" for customer in range(1, count + 1)))


def field(shop: ConnectedShop, key: str, customer: str = "7") -> str | None:
    owner = f"gid://shopify/Customer/{customer}"
    found = shop.admin.store.one(shop.tenant.shop, owner, "$app:loyalnest", key)
    return found.value if found else None


def write(shop: ConnectedShop, key: str, value: str) -> None:
    """What somebody else sets by hand."""
    entry = Entry("gid://shopify/Customer/7", "$app:loyalnest", key, "number_integer", value)
    shop.admin.store.write(shop.tenant.shop, [entry])


def ask(shop: ConnectedShop, *keys: str, **more: object) -> None:
    """Ask for the only member's card."""
    ((member,),) = shop.ask("select customer_id from users")
    payload = {"store_id": shop.tenant.store_id, "customers": [member], **more}
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        ctx.emit_all("points.changed", [(key, payload) for key in keys])


def prepared(shop: ConnectedShop) -> object:
    """What a sender has in its hands, before it stands still for longer than its lease."""
    _, _, found = sending.take_lease(shop.parts, PUSH, WORK, shop.tenant.merchant_id)
    shop.let_time_pass()
    return found[0][1]


def test_a_card_has_all_that_the_storefront_shows(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    ((shared,),) = shop.ask("select shared_customer_id from users")
    keys = ("points_balance", "tier", "shared_customer_id", "leaderboard_score")
    assert [field(shop, key) for key in keys[:3]] == ["30", "-", shared]
    assert (field(shop, keys[3]) or "").isdigit()


@pytest.mark.parametrize("named", [True, False])
def test_refused_customers_stop_nobody_else(shop: ConnectedShop, named: bool) -> None:
    state = shop.admin.states[shop.tenant.shop]
    state.gone, state.names_refused = {2, 5, 11, 12}, named
    earn(shop, 13)
    shop.drain(PUSH)
    shop.let_time_pass()
    shop.drain(PUSH)
    sql = "select external_id, reason from metafield_projections where refused"
    assert {int(e): r for e, r in shop.ask(sql)} == dict.fromkeys(
        (2, 5, 11, 12), "Owner does not exist."
    )
    assert [n for n in range(1, 14) if shop.shown(f"{n}") == "10"] == [1, 3, 4, 6, 7, 8, 9, 10, 13]
    assert shop.deliveries(PUSH) == []


def test_a_refused_customer_is_not_pushed_again_until_something_changes(
    shop: ConnectedShop,
) -> None:
    shop.admin.states[shop.tenant.shop].gone = {7}
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    shop.admin.states[shop.tenant.shop].gone = set()
    shop.earn("7,2026-01-02,5.00")
    shop.drain(PUSH)
    assert shop.ask("select refused, reason from metafield_projections") == [(False, None)]
    assert shop.shown("7") == "35"


def test_a_sender_that_wakes_up_after_its_lease_writes_over_nothing(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    frozen = prepared(shop)
    shop.earn("7,2026-01-02,12.00")
    shop.drain(PUSH)
    outcome = WORK.send(shop.parts.gateways, frozen)
    assert (shop.shown("7"), outcome.report["shown"]) == ("42", {})


def test_a_sender_that_wakes_up_first_is_written_over(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    shop.earn("7,2026-01-02,12.00")
    frozen = prepared(shop)
    shop.earn("7,2026-01-03,8.00")
    newer = prepared(shop)
    WORK.send(shop.parts.gateways, frozen)
    assert shop.shown("7") == "42"
    outcome = WORK.send(shop.parts.gateways, newer)
    assert (shop.shown("7"), list(outcome.report["shown"])) == ("50", ["7"])


def test_of_two_pushes_the_greater_number_stays_in_any_order(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    older = prepared(shop)
    shop.earn("7,2026-01-02,12.00")
    newer = prepared(shop)
    for push in (newer, older, older):
        WORK.send(shop.parts.gateways, push)
    assert shop.shown("7") == "42"


def test_a_version_that_we_never_wrote_is_written_over(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    write(shop, "card_version", "9007199254740991")
    write(shop, "points_balance", "999999")
    ask(shop, "again", again=True)
    shop.drain(PUSH)
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.deliveries(PUSH)) == ("30", [])
    assert int(field(shop, "card_version") or 0) < 1_000_000


def test_cards_that_are_shown_are_not_sent(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.earn("7,2026-01-02,12.00")
    shop.drain(PUSH)
    calls = shop.admin.calls
    ask(shop, *(f"later {number}" for number in range(20)))
    shop.drain(PUSH)
    assert (shop.admin.calls, shop.deliveries(PUSH)) == (calls, [])


def test_a_push_that_a_bucket_stops_half_way_goes_on_where_it_was(shop: ConnectedShop) -> None:
    # Ten points a call, so that the bucket is empty after two of five calls.
    shop.shrink_bucket(most=20, restore=50)
    earn(shop, 5 * CARDS_A_CALL)
    assert sending.send_batch(shop.parts, PUSH, WORK, shop.tenant.merchant_id) == 1
    assert shop.count("metafield_projections") == 2 * CARDS_A_CALL
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead, 0 < left.wait <= 0.2) == (0, False, True)
    deadline = time.monotonic() + 10
    while shop.deliveries(PUSH) and time.monotonic() < deadline:
        shop.drain(PUSH)
    assert shop.count("metafield_projections") == 5 * CARDS_A_CALL


def test_the_time_from_ledger_to_storefront_is_kept(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    ((since,),) = shop.ask("select now() - interval '90 s'")
    shop.ask("delete from deliveries where handler = :handler", handler=PUSH)
    ask(shop, "older", since=since.isoformat())
    shop.drain(PUSH)
    ((lag,),) = shop.ask("select lag_ms from metafield_projections")
    assert 90_000 <= lag < 120_000
    # What is only shown again changed no card, so it is not late.
    ask(shop, "again", again=True)
    shop.drain(PUSH)
    assert shop.ask("select lag_ms from metafield_projections") == [(lag,)]


def test_a_change_is_measured_from_the_message_that_told_of_it(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    ((lag,),) = shop.ask("select lag_ms from metafield_projections")
    assert 0 <= lag < 30_000


def test_members_who_are_joined_and_parted_are_shown_as_they_are(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50", "8,2026-01-01,12.00", "8,2026-01-02,3.00")
    shop.drain(PUSH)
    homes = dict(map(tuple, shop.ask("select external_id, customer_id from customer_identities")))
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        link_id = identities.merge(ctx, homes["7"], homes["8"], "email")
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.shown("8")) == ("45", "45")
    assert field(shop, "shared_customer_id", "7") == field(shop, "shared_customer_id", "8")
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        identities.unmerge(ctx, link_id)
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.shown("8")) == ("30", "15")
    assert field(shop, "shared_customer_id", "7") != field(shop, "shared_customer_id", "8")
