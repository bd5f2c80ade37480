"""A first look at an order file: its currency and the day of its last order.

The demo needs both before it imports: the shop is made with the currency, and the business clock
starts the day after the last order.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from webapp.core.words import CURRENCIES
from webapp.features.orders.domain.input_lines import bounded_lines
from webapp.features.orders.domain.order_file import RefusedLineError, split_csv

GZIP_MAGIC = b"\x1f\x8b"


class SurveyError(Exception):
    """An order file that the demo cannot use; the message says why."""


@dataclass(frozen=True, slots=True)
class Survey:
    """`digest` names the file's content."""

    digest: str
    currency: str
    last_day: date


def survey(path: Path) -> Survey:
    """Read the file once. Raises SurveyError when no line can be used, OSError when unreadable."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:12]
    currency, last = "", date.min
    for found, day in currencies_and_days(path):
        with suppress(ValueError):
            last = max(last, date.fromisoformat(day[:10]))
            currency = currency or (found if found in CURRENCIES else "")
    if not currency:
        raise SurveyError(f"{path.name} holds no order with a currency and a date.")
    return Survey(digest, currency, last)


def currencies_and_days(path: Path) -> Iterator[tuple[str, str]]:
    """(currency, date) of every line that has both, unchecked."""
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        columns: list[str] = []
        for number, content in bounded_lines(stream):  # type: ignore[arg-type]  # both are binary
            if content is None:
                continue
            if number == 1 and not content.startswith("{"):
                columns = [name.strip().lower() for name in content.lstrip("\ufeff").split(",")]
            elif columns:
                yield from of_csv(columns, content)
            else:
                yield from of_json(content)


def of_csv(columns: list[str], content: str) -> Iterator[tuple[str, str]]:
    """What a CSV line says under these columns."""
    with suppress(RefusedLineError):
        fields = dict(zip(columns, split_csv(content), strict=False))
        yield fields.get("currency", "").strip().upper(), fields.get("ordered_at", "").strip()


def of_json(content: str) -> Iterator[tuple[str, str]]:
    """What a line of a bulk operation says; children of orders say nothing."""
    with suppress(ValueError, TypeError, AttributeError):
        node = json.loads(content)
        bag = node.get("totalPriceSet") or node.get("currentTotalPriceSet")
        if bag:
            day = node.get("processedAt") or node.get("createdAt") or ""
            yield str(bag["shopMoney"]["currencyCode"]), str(day)
