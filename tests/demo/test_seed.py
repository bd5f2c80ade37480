import dataclasses
import json
import stat
from datetime import date
from pathlib import Path

from webapp.core.crypto import KeyRing
from webapp.demo.second import choose_people, purchases
from webapp.demo.seed import DemoShop, Member, recall, remember, remembered, seed, with_second
from webapp.parts import Parts

DOMAIN = "orders-123456.myshopify.com"


def seeded(parts: Parts, state: Path) -> DemoShop:
    return seed(parts, state, DOMAIN, "Nest & Bloom", "USD")


def test_a_shop_is_made_once(committed: Parts, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    shop = seeded(committed, state)
    assert shop.shop_domain == DOMAIN
    assert seeded(committed, state) == shop
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_a_lost_state_makes_another_shop(committed: Parts, tmp_path: Path) -> None:
    first, state = seeded(committed, tmp_path / "lost.json"), tmp_path / "state.json"
    shop = seeded(committed, state)
    assert shop.merchant_id != first.merchant_id
    assert shop.shop_domain.startswith("orders-123456-")
    assert seeded(committed, state) == shop


def test_a_state_without_its_database_is_made_anew(committed: Parts, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    planned = DemoShop(*["never committed"] * 10)
    state.write_text(json.dumps({DOMAIN: dataclasses.asdict(planned)}))
    assert seeded(committed, state).shop_domain == DOMAIN


def test_lost_keys_make_another_shop(committed: Parts, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    seeded(committed, state)
    without = dataclasses.replace(committed, keys=KeyRing({"k1": b"2" * 32}))
    assert seeded(without, state).shop_domain != DOMAIN


def test_a_second_shop_of_the_merchant_is_made_once(committed: Parts, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = seeded(committed, state)
    both = with_second(committed, state, DOMAIN, first)
    assert both.second is not None
    assert (both.merchant_id, both.second.currency) == (first.merchant_id, "EUR")
    assert both.second.shop_domain == "orders-123456-eu.myshopify.com"
    assert seeded(committed, state) == both
    assert with_second(committed, state, DOMAIN, both) == both


def test_people_are_remembered(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    shop = DemoShop(*["x"] * 10, people=choose_people([Member("7", 5, "top", "de")]))
    remember(state, DOMAIN, shop)
    assert remembered(recall(state)[DOMAIN]) == shop


def test_one_of_many_is_not_recognised_in_the_second_shop() -> None:
    found = [Member(str(n), 9 - n, "top" if n == 0 else "", "de") for n in range(5)]
    people = choose_people(found)
    assert [one.verified for one in people] == [True, False, True, True, True]
    assert [one.role for one in people[:2]] == ["top", "stranger"]
    assert all(one.verified for one in choose_people(found[:3]))


def test_what_was_bought_in_the_second_shop_ends_where_the_first_does() -> None:
    people = choose_people([Member("7", 5, "top", "de")])
    rows = list(purchases(people, "EUR", date(2026, 10, 31)))
    assert rows == list(purchases(people, "EUR", date(2026, 10, 31)))
    assert "900001" in {row.customer_id for row in rows}
    assert max(row.ordered_at for row in rows) <= "2026-10-31T18:00:00Z"
    assert {row.currency for row in rows} == {"EUR"}
