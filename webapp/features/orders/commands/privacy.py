"""`redactions` and `redact-again`: what was erased stays erased after a restore.

A backup holds what was erased after it was made, and its log of erasures ends when it was made. So
the log is written outside of the database, e.g. every hour beside the backups, and applied again
right after a restore, before anybody works with the database. It holds ids only.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from webapp.core import routing
from webapp.core.contract import Command
from webapp.core.db import DATABASE_ERRORS, Database
from webapp.features.orders import service
from webapp.features.orders.messages import Erasure


def write_log(database: Database, argv: list[str]) -> int:
    """Print every erasure as a line of JSON, or write them to a file: the whole log, which replaces
    the one before."""
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp redactions",
        description="Write the log of erasures, to be kept outside of the database.",
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write here, for you only")
    options = parser.parse_args(argv)
    try:
        lines = [json.dumps(line) for line in log_lines(database)]
        if options.write is None:
            print("\n".join(lines))
            return 0
        write_whole(options.write, "".join(f"{line}\n" for line in lines))
    except (OSError, *DATABASE_ERRORS) as error:
        print(f"redactions: {error}", file=sys.stderr)
        return 1
    return 0


def write_whole(path: Path, content: str) -> None:
    """Replace a file as a whole or not at all; a new one is for this user only."""
    beside = path.with_name(f"{path.name}.new")
    beside.touch(mode=0o600)
    beside.write_text(content)
    beside.replace(path)


def log_lines(database: Database) -> Iterator[dict[str, Any]]:
    for merchant_id in routing.merchants(database):
        with database.transaction(merchant_id, readonly=True) as ctx:
            found = list(service.erasures(ctx))
        for erasure in found:
            fields = {**asdict(erasure), "asked_at": erasure.asked_at.isoformat()}
            yield {"merchant_id": merchant_id, **fields}


def redact_again(database: Database, argv: list[str]) -> int:
    """Apply every erasure again, a merchant in one transaction. Doing it twice does no harm."""
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp redact-again",
        description="After a restore: erase again what had been erased. What shops told after they "
        "had asked to erase is left alone.",
    )
    parser.add_argument("log", nargs="?", type=Path, help="what `redactions` had written")
    options = parser.parse_args(argv)
    try:
        logged = read_log(options.log) if options.log else {}
        known = set(routing.merchants(database))
        done = 0
        for merchant_id in sorted(known):
            with database.transaction(merchant_id) as ctx:
                done += service.erase_again(ctx, logged.get(merchant_id, []))
    except (OSError, ValueError, KeyError, TypeError, *DATABASE_ERRORS) as error:
        print(f"redact-again: {error}", file=sys.stderr)
        return 1
    print(f"Erased again: {done}.")
    return 0


def read_log(path: Path) -> dict[str, list[Erasure]]:
    """Merchant -> erasures. Raises ValueError, KeyError or TypeError for a file that is no log."""
    found: defaultdict[str, list[Erasure]] = defaultdict(list)
    for line in path.read_text().splitlines():
        fields = json.loads(line)
        found[fields["merchant_id"]].append(
            Erasure(
                fields["store_id"],
                fields["customer"],
                tuple(fields["order_keys"]),
                datetime.fromisoformat(fields["asked_at"]),
            )
        )
    return found


COMMANDS = {
    "redactions": Command("write the log of what was erased for privacy", write_log),
    "redact-again": Command("erase again after a restore what had been erased", redact_again),
}
