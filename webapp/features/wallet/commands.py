"""`doctor`: what keeps cards from being made, or soon will, said before a card is made."""

import argparse
import json
from dataclasses import asdict

from webapp.core.contract import Command
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.features.wallet import service


def doctor(database: Database, argv: list[str]) -> int:
    """Look the keys of both wallets over; 1 when cards of one kind cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp doctor",
        description="Check certificates, keys and accounts of Apple Wallet and Google Wallet.",
    )
    parser.add_argument("--json", action="store_true", help="say it for programs")
    options = parser.parse_args(argv)
    with database.transaction(PLATFORM, readonly=True) as ctx:
        found = [problem for kind in service.WALLETS for problem in service.problems(ctx, kind)]
    fatal = any(problem.fatal for problem in found)
    if options.json:
        print(json.dumps({"ok": not fatal, "problems": [asdict(one) for one in found]}))
    else:
        for problem in found:
            print(f"{'problem' if problem.fatal else 'warning'}: {problem.text}")
        if not found:
            print("Cards can be made for Apple Wallet and Google Wallet.")
    return 1 if fatal else 0


COMMANDS = {"doctor": Command("check the keys by which wallet cards are made", doctor)}
