"""`python3 -m webapp rpc`: the gRPC server as a process, as production starts it."""

import argparse
import signal
import sys
import threading

from webapp.core import logs
from webapp.core.config import Settings
from webapp.entry.rpc import RpcServer
from webapp.parts import build

BIND = "127.0.0.1:50051"
# Balancers and supervisors wait longer than this before they kill.
DRAIN_SECONDS = 8.0
LISTEN_SECONDS = 0.5


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT, then let running calls end; exits 1 when it cannot listen."""
    logs.configure()
    options = parse(argv)
    parts = build(Settings.from_env())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = RpcServer(parts, options.bind)
    except RuntimeError as error:
        print(f"rpc: {options.bind} cannot be used ({error}).", file=sys.stderr)
        return 1
    print(f"ready {server.address}", flush=True)
    # A signal that comes just before a wait begins does not end it.
    while not stop.wait(LISTEN_SECONDS):
        pass
    server.stop(DRAIN_SECONDS)
    parts.close()
    return 0


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp rpc",
        description="Serve the gRPC services, in plain text: encrypt in front of it.",
    )
    parser.add_argument("--bind", default=BIND, metavar="HOST:PORT", help=f"default {BIND}")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
