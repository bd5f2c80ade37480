"""The verbs of accounts: the Shopify app that shops install, and links for our own staff."""

import argparse
import sys
from collections import Counter

from webapp.core import rotation
from webapp.core.config import ConfigurationError
from webapp.core.contract import Command
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.core.operators import operator_link
from webapp.core.tenancy import OPERATOR_PERMISSIONS
from webapp.core.words import new_id
from webapp.features.accounts import service
from webapp.features.accounts.messages import RegisterApp


def register_app(database: Database, argv: list[str]) -> int:
    """Add an app, or give a known one a new secret. The secret is read from standard input, for
    command lines can be read by others."""
    parser = argparse.ArgumentParser(prog="python3 -m webapp register-app")
    parser.add_argument("api_key", help="the app's client ID")
    parser.add_argument("--listed", action="store_true", help="shops that are new install this app")
    options = parser.parse_args(argv)
    secret = sys.stdin.readline().strip()
    if not secret:
        print("Give the app's secret on standard input.", file=sys.stderr)
        return 2
    with database.transaction(PLATFORM) as ctx:
        known = service.app_of_key(ctx.db, ctx.keys, options.api_key)
        if known:
            service.rotate_app_secret(ctx.db, ctx.keys, known.app_id, secret)
        else:
            app = RegisterApp(new_id("app_"), options.api_key, secret, options.listed)
            service.register_app(ctx.db, ctx.keys, app)
    print("The secret was replaced; the one before stays good." if known else "The app was added.")
    return 0


def operator(database: Database, argv: list[str]) -> int:
    """Print the path of a one-time link for one of our own staff."""
    parser = argparse.ArgumentParser(prog="python3 -m webapp operator")
    parser.add_argument("name")
    parser.add_argument("--role", choices=sorted(OPERATOR_PERMISSIONS), default="support")
    options = parser.parse_args(argv)
    try:
        print(operator_link(options.name, options.role))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def rotate_keys(database: Database, argv: list[str]) -> int:
    """Seal anew whatever an older key has sealed; afterwards it can be taken out of the ring."""
    argparse.ArgumentParser(
        prog="python3 -m webapp rotate-keys",
        description="Put a new key before the others in LOYALNEST_ENCRYPTION_KEYS, restart every "
        "process, run this, and take the old key out. It may be interrupted and run again.",
    ).parse_args(argv)
    counted: Counter[str] = Counter()

    def tell(column: str, number: int) -> None:
        counted[column] += number
        print(f"{column}: {counted[column]}", flush=True)

    done = rotation.rotate(database, tell)
    print(f"{done.number} values are sealed anew with the key {database.keys.current!r}.")
    for one in done.broken:
        print(f"cannot be opened by any key of the ring: {one}", file=sys.stderr)
    return 1 if done.broken else 0


COMMANDS = {
    "rotate-keys": Command("seal everything anew with the newest key", rotate_keys),
    "register-app": Command("add a Shopify app, or replace its secret", register_app),
    "operator": Command("print a one-time link for one of our own staff", operator),
}
