"""A first look at an order file: its currency and the day of its last order or refund.

The demo needs both before it imports: the shop is made with the currency, and the business clock
starts the day after the last order. Only rows that the import would take have a say; the currency
is the one that most of them are in.
"""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path

from webapp.core.words import CURRENCIES, currency_exponent
from webapp.features.orders.domain.input_lines import bounded_lines, unpacked
from webapp.features.orders.domain.order_file import (
    ORDER,
    Reader,
    Row,
    csv_reader,
    jsonl_reader,
    split_csv,
)
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError


class SurveyError(Exception):
    """An order file that the demo cannot use; the message says why."""


@dataclass(frozen=True, slots=True)
class Survey:
    """`digest` names the file's content."""

    digest: str
    currency: str
    last_day: date


@dataclass(slots=True)
class Seen:
    """What the rows of one currency said so far; `last_day` in ISO 8601."""

    rows: int = 0
    last_day: str = ""

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows += 1
            self.last_day = max(self.last_day, row.at[:10])


@dataclass(frozen=True, slots=True)
class Format:
    """How to read a file's lines: the currency that a line names (empty when it names none), and
    the import's own reader for a shop of a currency."""

    currency_of: Callable[[str], str]
    reader_for: Callable[[str], Reader]


def survey(path: Path) -> Survey:
    """Read the file. Raises SurveyError when it cannot be read or holds nothing to take."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()[:12]
        found = look_through(lines_of(path))
    except (OSError, EOFError, zlib.error) as error:
        raise SurveyError(f"{path.name} cannot be read to its end: {error}") from error
    except RefusedLineError as error:
        raise SurveyError(f"{path.name} is no file of orders: {error}.") from error
    if not found:
        raise SurveyError(f"{path.name} holds no order that can be taken.")
    currency, seen = max(found.items(), key=lambda item: item[1].rows)
    return Survey(digest, currency, date.fromisoformat(seen.last_day))


def lines_of(path: Path) -> Iterator[str]:
    """The lines that are neither blank nor longer than the import takes, without a BOM."""
    with path.open("rb") as raw:
        beginning = "\ufeff"
        for _, content in bounded_lines(unpacked(raw)):
            if content is not None and content.strip():
                yield content.lstrip(beginning)
                beginning = ""


def look_through(lines: Iterator[str]) -> dict[str, Seen]:
    """Currency -> what its rows say. Raises RefusedLineError for a header without the columns."""
    first = next(lines, "")
    is_json = first.startswith("{")
    form = JSONL if is_json else csv_format(first)
    reader_for = cache(form.reader_for)
    found: defaultdict[str, Seen] = defaultdict(Seen)
    for line in chain([first] if is_json else [], lines):
        currency = form.currency_of(line)
        if currency in CURRENCIES:
            with suppress(RefusedLineError, SkippedLineError):
                rows = reader_for(currency)(line)
                found[currency].add(rows)
    return found


def csv_format(header: str) -> Format:
    """CSV under this header; raises RefusedLineError when a column is missing."""
    csv_reader(header, ORDER, "", 0)
    place = [name.strip().lower() for name in split_csv(header)].index("currency")

    def currency_of(line: str) -> str:
        with suppress(RefusedLineError, IndexError):
            return split_csv(line)[place].strip().upper()
        return ""

    def reader_for(currency: str) -> Reader:
        return csv_reader(header, ORDER, currency, currency_exponent(currency))

    return Format(currency_of, reader_for)


def currency_of_json(line: str) -> str:
    """What an order of a bulk operation names as the shop's currency."""
    with suppress(ValueError, RecursionError, AttributeError, KeyError, TypeError):
        node = json.loads(line)
        money = node.get("totalPriceSet") or node.get("currentTotalPriceSet")
        return str(money["shopMoney"]["currencyCode"]).upper()
    return ""


JSONL = Format(currency_of_json, lambda code: jsonl_reader(code, currency_exponent(code)))
