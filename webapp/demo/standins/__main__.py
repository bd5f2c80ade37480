"""`python -m webapp.demo.standins`: all stand-ins in one process, until it is told to stop.

It prints one line of JSON, service -> address, when everything listens.
"""

import argparse
import json
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from webapp.core.clock import SystemClock
from webapp.demo.authority import kept_authority, make_authority
from webapp.demo.settings import ConfigFile
from webapp.demo.standins.catalogue import NAMES, outside_services, shopify
from webapp.demo.standins.host import CONTROL, StandinHost
from webapp.demo.standins.shopify.memory import Memory

KEEP_SECONDS = 1.0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m webapp.demo.standins", description=__doc__)
    parser.add_argument(
        "--ports",
        type=ports,
        default={},
        metavar="NAME=PORT,...",
        help=f"{', '.join((*NAMES, CONTROL))}; a service that is not named gets a free port",
    )
    parser.add_argument(
        "--shop",
        type=Path,
        action="append",
        default=[],
        metavar="SHOP.json",
        help="a shop that the stand-in of Shopify serves, as the demo shop's own configuration",
    )
    parser.add_argument(
        "--authority",
        type=Path,
        metavar="FILE",
        help="certificates and keys for wallets, as the demo keeps them; else new ones",
    )
    parser.add_argument("--clock", type=Path, metavar="FILE", help="the demo's business clock")
    return parser.parse_args(argv)


def ports(text: str) -> dict[str, int]:
    """`klaviyo=8720,slack=8721`."""
    found: dict[str, int] = {}
    for pair in filter(None, text.split(",")):
        name, _, number = pair.partition("=")
        if name not in (*NAMES, CONTROL) or not number.isdigit():
            raise argparse.ArgumentTypeError(f"{pair} is no NAME=PORT of a stand-in")
        found[name] = int(number)
    return found


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; 1 when a port is taken or a file cannot be read."""
    given = parse(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        shops = [ConfigFile(file)() for file in given.shop]
        clock = SystemClock(given.clock)
        with tempfile.TemporaryDirectory() as folder:
            # The theme of the demo shop reads the metafields from its own folder.
            data = shops[0].data_dir if shops else Path(folder)
            admin = shopify(shops, data, clock)
            memory = Memory(admin, data / "shopify.json")
            memory.recall()
            wall = clock.wall()
            file = given.authority
            authority = kept_authority(file, wall) if file else make_authority(wall)
            with StandinHost([*outside_services(authority), admin], given.ports) as host:
                print(json.dumps(host.urls()), flush=True)
                while not stop.wait(KEEP_SECONDS):
                    memory.keep()
            memory.keep()
    except (OSError, ValueError) as error:
        print(f"the stand-ins cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
