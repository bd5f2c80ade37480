"""Codes that people read out to each other, and when a claim is looked at by a person."""

import re
import secrets

# No vowels, so that no words come out, and nothing that looks like something else: 0 O, 1 I L, 2 Z,
# 5 S, 8 B, U V.
ALPHABET = "34679CDFGHJKMNPQRTVWXY"
# 22^8 is 5e10 for links, whose guesser learns an offer; 22^12 is 1e16 for codes worth money.
LINK_LETTERS, DISCOUNT_LETTERS = 8, 12
DISCOUNT_PREFIX = "FRIEND-"
LONGEST_CODE = 40
_NOT_WRITTEN = re.compile(r"[\s-]")


def new_link_code() -> str:
    """A random code of a member's link."""
    return _letters(LINK_LETTERS)


def new_discount_code() -> str:
    """A random discount code for one friend."""
    return DISCOUNT_PREFIX + _letters(DISCOUNT_LETTERS)


def normal_code(written: str) -> str:
    """A link's code as it is stored, however it was typed; empty for what cannot be one."""
    code = _NOT_WRITTEN.sub("", written[:LONGEST_CODE]).upper()
    return code if len(code) == LINK_LETTERS and set(code) <= set(ALPHABET) else ""


def _letters(number: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(number))
