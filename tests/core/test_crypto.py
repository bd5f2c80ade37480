"""Sealed values open only where they were sealed, and only unchanged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.config import ConfigurationError, parse_encryption_keys
from webapp.core.crypto import KeyRing, Place, SealedValueError

OLD, NEW = {"k1": b"1" * 32}, {"k2": b"2" * 32}
PLACE = Place("stores", "access_token", "mer_1", "sto_1")


@given(st.text())
def test_what_was_sealed_opens_again(plain: str) -> None:
    ring = KeyRing(OLD)
    assert ring.open(ring.seal(plain, PLACE), PLACE) == plain


@pytest.mark.parametrize("field", ["table", "column", "merchant", "row"])
def test_value_moved_to_another_place_does_not_open(field: str) -> None:
    ring = KeyRing(OLD)
    with pytest.raises(SealedValueError):
        ring.open(ring.seal("secret", PLACE), replace(PLACE, **{field: "other"}))


def test_places_with_shifted_borders_are_different() -> None:
    left, right = Place("a", "bc", "", ""), Place("ab", "c", "", "")
    assert left.bound() != right.bound()


def test_every_flipped_bit_is_refused() -> None:
    ring = KeyRing(OLD)
    sealed = ring.seal("secret", PLACE)
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << (position % 8)
        with pytest.raises(SealedValueError):
            ring.open(bytes(changed), PLACE)


def test_older_values_open_after_a_new_key_came() -> None:
    sealed = KeyRing(OLD).seal("secret", PLACE)
    assert KeyRing({**NEW, **OLD}).open(sealed, PLACE) == "secret"


def test_value_of_a_removed_key_does_not_open() -> None:
    with pytest.raises(SealedValueError, match="not in the ring"):
        KeyRing(NEW).open(KeyRing(OLD).seal("secret", PLACE), PLACE)


def test_same_value_is_never_sealed_alike() -> None:
    ring = KeyRing(OLD)
    assert ring.seal("secret", PLACE) != ring.seal("secret", PLACE)


@pytest.mark.parametrize("value", ["", "k1", "k1:short", "k1:!!", f":{'A' * 44}"])
def test_malformed_keys_are_named_as_such(value: str) -> None:
    with pytest.raises(ConfigurationError, match="LOYALNEST_ENCRYPTION_KEYS"):
        parse_encryption_keys(value)
