"""The .proto files, the specification and the rows say the same."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from webapp.core import discovery
from webapp.core.contract import UseCase
from webapp.entry import descriptors

CONTRACT = Path(__file__).parents[1] / "contract"
CALLS = tomllib.loads((CONTRACT / "contract.toml").read_text())["call"]
METHODS = {call["grpc"].removeprefix("/"): call for call in CALLS}
ROWS = [row for _, row in discovery.use_cases().values() if row.grpc]
ENVELOPE = {"status", "error"}


def unimplemented() -> set[str]:
    """The methods that no feature answers yet; empty at the end."""
    return set(descriptors.methods()) - {row.grpc for row in ROWS}


def test_there_is_a_method_for_every_call_of_the_specification() -> None:
    assert set(descriptors.methods()) == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_and_gives_what_the_specification_says(name: str) -> None:
    method, call = descriptors.methods()[name], METHODS[name]
    assert names_of(method.input) == {field for given in call["input"] for field in split(given)}
    assert names_of(method.output) == {
        *(field for given in call["output"] for field in split(given)),
        "error.code",
        "error.message",
    }


def split(given: str) -> list[str]:
    """`a[b,c]` -> a, a.b, a.c."""
    whole = re.fullmatch(r"(\w+)(?:\[([\w,]+)\])?", given)
    assert whole
    inner = whole[2].split(",") if whole[2] else []
    return [whole[1], *(f"{whole[1]}.{name}" for name in inner)]


def names_of(descriptor: Descriptor) -> set[str]:
    """The fields of a message, and those of the messages in it."""
    found = set()
    for field in descriptor.fields:
        found.add(field.name)
        if field.message_type and field.message_type.full_name != descriptors.STRUCT:
            found |= {f"{field.name}.{inner}" for inner in names_of(field.message_type)}
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_the_fields_of_its_method(row: UseCase) -> None:
    method = descriptors.methods()[row.grpc]
    assert top(row.message) == {field.name for field in method.input.fields}
    assert top(row.result) | ENVELOPE == {field.name for field in method.output.fields}


def top(kind: type[Any]) -> set[str]:
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_the_specifications(row: UseCase) -> None:
    call = METHODS[row.grpc]
    assert (row.rest, row.permission) == (call["rest"], call["permission"])


def test_what_has_no_row_is_what_is_called_missing() -> None:
    lines = [line.split(" | ") for line in (CONTRACT / "missing.txt").read_text().splitlines()]
    missing = {name for _, kind, name in lines if kind == "call"}
    assert unimplemented() == {name for name, call in METHODS.items() if call["rest"] in missing}


def test_numbers_of_fields_are_unique_and_low() -> None:
    # One byte each on the wire; and a number that was used must never be given away again.
    for method in descriptors.methods().values():
        for message in (method.input, method.output):
            assert [f.number for f in message.fields] == list(range(1, len(message.fields) + 1))
