"""Turns the lines of input streams into rows for COPY, and says what it refused and skipped."""

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TextIO, cast

from webapp.features.orders.domain.order_file import (
    MAX_LINE_BYTES,
    ORDER,
    PartOfOrderError,
    Reader,
    Row,
    csv_reader,
    jsonl_reader,
    without_gift_card,
)
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError

BLOCK_ROWS = 1_000
GZIP_MAGIC = b"\x1f\x8b"
SHOWN_OF_A_LINE = 500
_NULL = "\\N"
_NOTHING_MORE = f"\t{_NULL}\t{_NULL}\t{_NULL}\n"


@dataclass(slots=True)
class Tally:
    """Lines so far, headers not counted. `read` is all of them."""

    read: int = 0
    skipped: int = 0
    refused: int = 0


class RefusalReport:
    """Writes refused lines as CSV (file, line, code, reason, text); opened with the first one."""

    def __init__(self, open_file: Callable[[], TextIO]) -> None:
        self._open = open_file
        self._file: TextIO | None = None

    def add(self, file: str, line: int, error: RefusedLineError, content: str) -> None:
        if self._file is None:
            self._file = self._open()
            csv.writer(self._file).writerow(("file", "line", "code", "reason", "text"))
        row = (file, line, error.code, str(error), content[:SHOWN_OF_A_LINE])
        csv.writer(self._file).writerow(row)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, slots=True)
class Source:
    """One open input: its name for reports, its bytes, and whether CSV lines are orders or
    refunds (JSONL brings both)."""

    name: str
    stream: BinaryIO
    kind: str = ORDER


def unpacked(raw: BinaryIO) -> BinaryIO:
    """The content of a seekable stream that may be gzipped; whoever opened `raw` closes it."""
    packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    raw.seek(0)
    return cast("BinaryIO", gzip.open(raw)) if packed else raw


def bounded_lines(stream: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """(number, text) of every line, numbered from 1; None for a line beyond MAX_LINE_BYTES."""
    number, whole = 0, True
    while piece := stream.readline(MAX_LINE_BYTES):
        ended = piece.endswith(b"\n")
        if whole:
            number += 1
            fits = ended or len(piece) < MAX_LINE_BYTES
            yield number, piece.decode("utf-8", "replace").rstrip("\r\n") if fits else None
        whole = ended


def copy_blocks(
    source: Source,
    currency: str,
    exponent: int,
    tally: Tally,
    report: RefusalReport,
) -> Iterator[bytes]:
    """Blocks of COPY text `kind, line, customer, at, minor, key, basis, included, order_key` of one
    source.

    Raises RefusedLineError when a CSV's header cannot be used; bad lines go to the report.
    """
    block: list[str] = []
    for line, rows in whole_orders(source, currency, exponent, tally, report):
        block += [copy_line(row, line) for row in rows]
        if len(block) >= BLOCK_ROWS:
            yield "".join(block).encode()
            block.clear()
    yield "".join(block).encode()


def whole_orders(
    source: Source, currency: str, exponent: int, tally: Tally, report: RefusalReport
) -> Iterator[tuple[int, list[Row]]]:
    """(line, rows) of every good line; an order waits for the lines of its parts, which follow."""
    read: Reader | None = None
    line, held = 0, list[Row]()
    for number, content in bounded_lines(source.stream):
        if content is not None and not content.strip():
            continue
        if read is None:
            content = (content or "").lstrip("\ufeff")
            read = reader_of(content, source.kind, currency, exponent)
            if not content.startswith("{"):
                continue
        tally.read += 1
        try:
            rows = rows_of(read, content)
            yield line, held
            line, held = tally.read, rows
        except PartOfOrderError as part:
            tally.skipped += 1
            held = without_gift_card(held, part)
        except SkippedLineError:
            tally.skipped += 1
        except RefusedLineError as error:
            tally.refused += 1
            report.add(source.name, number, error, content or "")
    yield line, held


def reader_of(first: str, kind: str, currency: str, exponent: int) -> Reader:
    """The reader of a source whose first line is `first`. Raises RefusedLineError for a header that
    cannot be used."""
    if first.startswith("{"):
        return jsonl_reader(currency, exponent)
    return csv_reader(first, kind, currency, exponent)


def rows_of(read: Reader, content: str | None) -> list[Row]:
    """The rows of one line; raises RefusedLineError or SkippedLineError."""
    if content is None:
        raise RefusedLineError("line_too_long", f"the line is longer than {MAX_LINE_BYTES} bytes")
    return read(content)


def copy_line(row: Row, line: int) -> str:
    """One row in COPY's text form; ids hold nothing that COPY would need escaped."""
    key = _NULL if row.key is None else row.key
    start = f"{row.kind}\t{line}\t{row.customer}\t{row.at}\t{row.minor}\t{key}"
    if row.basis is None and row.included is None and row.order_key is None:
        return f"{start}{_NOTHING_MORE}"
    more = (_NULL if value is None else str(value) for value in (row.basis, row.included))
    return "\t".join((start, *more, f"{row.order_key or _NULL}\n"))
