"""A program that calls the web application; all vanishes with the test."""

import pytest

from tests.entry.programs import Program, make_program
from webapp.parts import Parts


@pytest.fixture
def program(held: Parts) -> Program:
    return make_program(held)
