"""Session tokens of App Bridge: only what Shopify signed for this app, shop and minute counts."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.entry.embedding import claims, signed
from tests.factories import FixedClock
from webapp.core.errors import AppError
from webapp.core.session_tokens import LEEWAY_SECONDS, app_named, verify_session_token

SHOP, KEY, SECRET = "nest.myshopify.com", "api-key-1", "s" * 32
Change = Callable[[dict[str, Any]], object]


def verdict(token: str, clock: FixedClock, secrets: tuple[str, ...] = (SECRET,)) -> str:
    try:
        verify_session_token(token, KEY, secrets, clock.wall())
    except AppError as error:
        return error.kind.code
    return "ok"


def test_token_names_shop_and_person(clock: FixedClock) -> None:
    token = signed(claims(clock, SHOP, KEY), SECRET)
    found = verify_session_token(
        token, KEY, ("another secret that is long enough", SECRET), clock.at
    )
    assert (found.shop, found.user_id, app_named(token)) == (SHOP, "7", KEY)


CHANGES: dict[str, Change] = {
    "another app": lambda c: c.update(aud="api-key-2"),
    "several apps": lambda c: c.update(aud=[KEY]),
    "no app": lambda c: c.pop("aud"),
    "another shop as issuer": lambda c: c.update(iss="https://other.myshopify.com/admin"),
    "issuer without admin": lambda c: c.update(iss=f"https://{SHOP}"),
    "no issuer": lambda c: c.pop("iss"),
    "another destination": lambda c: c.update(dest="https://other.myshopify.com"),
    "no shop": lambda c: c.update(dest="https://evil.example", iss="https://evil.example/admin"),
    "a shop with more": lambda c: c.update(dest=f"https://{SHOP}.evil.example"),
    "plain http": lambda c: c.update(dest=f"http://{SHOP}", iss=f"http://{SHOP}/admin"),
    "destination is a number": lambda c: c.update(dest=7),
    "no person": lambda c: c.pop("sub"),
    "person is no number": lambda c: c.update(sub="7; drop"),
    "no end": lambda c: c.pop("exp"),
    "no beginning": lambda c: c.pop("nbf"),
    "not yet valid": lambda c: c.update(nbf=c["nbf"] + LEEWAY_SECONDS + 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changed_claims_are_refused(clock: FixedClock, change: Change) -> None:
    said = claims(clock, SHOP, KEY)
    change(said)
    assert verdict(signed(said, SECRET), clock) == "session_token_invalid"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(69, "ok"), (70, "session_token_expired"), (-10, "ok")]
)
def test_leeway_is_ten_seconds(clock: FixedClock, seconds: int, expected: str) -> None:
    token = signed(claims(clock, SHOP, KEY), SECRET)
    clock.advance(seconds=seconds)
    assert verdict(token, clock) == expected


def test_secret_of_another_app_is_refused(clock: FixedClock) -> None:
    token = signed(claims(clock, SHOP, KEY), "t" * 32)
    assert verdict(token, clock) == "session_token_invalid"


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_other_algorithms_are_refused(clock: FixedClock, algorithm: str) -> None:
    said = claims(clock, SHOP, KEY)
    secret = "" if algorithm == "none" else SECRET * 2
    token = jwt.encode(said, secret, algorithm=algorithm)
    assert verdict(token, clock, (SECRET * 2,)) == "session_token_invalid"


def test_token_without_signature_is_refused(clock: FixedClock) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    body = signed(claims(clock, SHOP, KEY), SECRET).split(".")[1]
    assert verdict(f"{head}.{body}.", clock) == "session_token_invalid"


def test_thousand_mutations_are_refused(clock: FixedClock) -> None:
    token, chance = signed(claims(clock, SHOP, KEY), SECRET), random.Random(7)  # noqa: S311 - a reproducible choice of mutations
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    # The last letter of a part has bits that mean nothing, so it is left alone.
    idle = {i - 1 for i, letter in enumerate(f"{token}.") if letter == "."}
    for _ in range(1_000):
        place = chance.choice([i for i in range(len(token)) if i not in idle])
        letter = chance.choice(letters.replace(token[place], ""))
        mutated = token[:place] + letter + token[place + 1 :]
        assert verdict(mutated, clock) == "session_token_invalid"


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5_000, "a" * 20 + "." + "b" * 20])
def test_what_is_no_token_names_no_app(token: str) -> None:
    with pytest.raises(AppError, match="session_token_invalid"):
        app_named(token)
