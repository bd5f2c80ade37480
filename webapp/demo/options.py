"""What `demo` is asked for on the command line."""

import argparse
import re
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import timedelta
from pathlib import Path

from webapp.demo.join import DATA

DEFAULT_PORT = 8710
_SPAN = re.compile(r"(\d{1,4})([dhw])", re.ASCII)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; without `orders` they are simulated."""

    orders: Path | None
    refunds: tuple[Path, ...]
    as_of: calendar_date | None
    advance: timedelta | None
    port: int
    data: Path
    browser: bool
    stop: bool


def parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp demo",
        description="Run a whole shop on this machine: storefront, dashboard, workers, servers.",
    )
    add = parser.add_argument
    add("--orders", type=existing, metavar="FILE", help="real orders instead of simulated ones")
    add("--refunds", type=existing, action="append", default=[], metavar="FILE")
    add("--as-of", type=calendar_date.fromisoformat, metavar="DATE", help="business date to start")
    add("--advance", type=span, metavar="3d", help="move the business clock (of a running demo)")
    add(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="the shop's port; web and gRPC have the next two",
    )
    add("--data", type=Path, default=DATA, metavar="DIR")
    add("--no-browser", action="store_true")
    add("--stop", action="store_true", help="stop the demo that runs in DIR")
    given = parser.parse_args(argv)
    return Options(
        given.orders,
        tuple(given.refunds),
        given.as_of,
        given.advance,
        given.port,
        given.data.resolve(),
        not given.no_browser,
        given.stop,
    )


def existing(value: str) -> Path:
    """An argument that names a file which can be read."""
    path = Path(value)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {value}")
    return path


def span(value: str) -> timedelta:
    """`3d`, `12h` or `2w`."""
    match = _SPAN.fullmatch(value)
    if match is None:
        raise argparse.ArgumentTypeError("write it like 3d, 12h or 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
