"""Cards are taken by the schemas of the most used generator of cards."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.features.wallet.holding import Holding, saves
from tests.features.wallet.test_apple_card import FACTS, ISSUER, LOOK
from webapp.bootstrap.node import find_node
from webapp.demo.authority import make_authority
from webapp.features.wallet.domain.certificates import APPLE
from webapp.features.wallet.domain.pass_json import pass_json

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("strict_schema.cjs")


def judged(cards: Sequence[Any]) -> list[str]:
    node = find_node()
    if node is None or not (ROOT / "node_modules/passkit-generator").exists():
        missing = "no passkit-generator: `python3 -m webapp test` installs it"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    done = subprocess.run(
        [str(node), str(SCRIPT)],
        cwd=ROOT,
        input=json.dumps(cards),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_cards_are_taken() -> None:
    serial, token = "wlt_" + "s" * 22, "t" * 43
    cards = [pass_json(ISSUER, serial, token, LOOK, facts) for facts in (FACTS, None)]
    assert judged(cards) == ["", ""]


def test_what_wallet_would_refuse_is_not() -> None:
    card = pass_json(ISSUER, "wlt_" + "s" * 22, "t" * 43, LOOK, FACTS)
    broken = [
        {**card, "barcode": card["barcodes"][0]},
        {**card, "authenticationToken": "short"},
        {**card, "backgroundColor": "green"},
    ]
    assert all(judged(broken))


def test_a_card_in_production_is_taken(shop: Holding) -> None:
    apple = make_authority(shop.clock.at, organisation=APPLE)
    shop.reward(points=3_000)
    shop.database._base_url = "https://app.loyalnest.example"
    saves(shop.parts, "apple_wallet", apple.apple_values())
    card = shop.pass_json()
    assert card["webServiceURL"] == "https://app.loyalnest.example/wallet"
    assert judged([card]) == [""]
