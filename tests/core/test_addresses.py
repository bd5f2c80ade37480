"""Addresses that are the same have the same hash, and no others."""

import pytest

from tests.factories import make_tenant
from webapp.core import addresses
from webapp.core.addresses import email_hash, normal_email, normal_phone, phone_hash
from webapp.core.db import Database

PEPPER = b"p" * 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("müller@bücher.example", "MÜLLER@xn--bcher-kva.example"),
        ("Jane.Doe@Shop.Example", "  jane.doe@shop.example\n"),
        ("jane@shop.example", "\uff4aane@shop\uff0eexample"),
        ("straße@shop.example", "STRASSE@shop.example"),
        ("jane@shop.example", "jane@shop.example."),
    ],
)
def test_the_same_mailbox_in_other_words_has_the_same_hash(one: str, other: str) -> None:
    assert email_hash(PEPPER, one) == email_hash(PEPPER, other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a+1@shop.example", "a@shop.example"),
        ("jane.doe@shop.example", "janedoe@shop.example"),
        ("jane@shop.example", "jane@shop-example.example"),
    ],
)
def test_other_mailboxes_have_other_hashes(one: str, other: str) -> None:
    assert email_hash(PEPPER, one) != email_hash(PEPPER, other)


@pytest.mark.parametrize(
    "written", ["", "jane", "@shop.example", "jane@", "jane@-x-.example", "ja ne@shop.example", "@"]
)
def test_what_is_no_mailbox_has_no_hash(written: str) -> None:
    assert (normal_email(written), email_hash(PEPPER, written)) == (None, None)


def test_telephone_numbers_are_compared_in_e164() -> None:
    assert phone_hash(PEPPER, "+49 (30) 123-4567") == phone_hash(PEPPER, "+49301234567")
    assert normal_phone("\uff0b49\u201330\u20131234567") == "+49301234567"


@pytest.mark.parametrize("written", ["", "030 1234567", "+0301234567", "+49", "+1" + "2" * 15, "x"])
def test_a_number_without_its_country_has_no_hash(written: str) -> None:
    assert phone_hash(PEPPER, written) is None


def test_a_merchant_has_one_pepper_for_ever_and_shares_it_with_nobody(database: Database) -> None:
    one, other = make_tenant(database), make_tenant(database)
    with database.transaction(one.merchant_id) as ctx:
        first = addresses.pepper(ctx)
    with database.transaction(one.merchant_id) as ctx:
        assert addresses.pepper(ctx) == first
    with database.transaction(other.merchant_id) as ctx:
        assert addresses.pepper(ctx) != first
    assert len(first) == addresses.PEPPER_BYTES
