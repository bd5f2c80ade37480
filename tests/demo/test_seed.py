import dataclasses
import json
import stat
from pathlib import Path

from webapp.core.crypto import KeyRing
from webapp.demo.seed import DemoShop, seed
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
