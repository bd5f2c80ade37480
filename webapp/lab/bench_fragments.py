"""`bench fragments`: storefront fragments per CPU second, against a bare Flask hello.

Everything runs as in production: PostgreSQL, Valkey, gunicorn as `serve` starts it. Every request
is signed as Shopify's proxy signs it, and verified. The hello runs in the same call on the same
server with the same settings.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode

from webapp.core.config import Settings
from webapp.core.tenancy import proxy_signature
from webapp.demo.services import web_server
from webapp.lab.bench import BenchError, Result
from webapp.lab.shops import SECRET, Shop, connect_shop, superuser
from webapp.lab.stage import POSTGRES, VALKEY, Stage, free_ports, open_stage
from webapp.parts import build

CLIENTS, REQUESTS, ORDERS = 8, 8_000, 40_000
# So few look at the same fragments again and again, as on a page that many visit or one reloads.
LOOKING = 20
WIDGET = "points_display"
GOALS = {"cached_ratio": (">=", 0.85), "rendered_ratio": (">=", 0.45)}
NOTES = (
    f"GET of the fragment {WIDGET} with a signed query, by {CLIENTS} clients at once over",
    "connections that stay open, against a Flask route that says hello (same gunicorn settings).",
    f"cached: {LOOKING} members ask again and again; rendered: each request is another member's.",
    "*_ratio: requests per CPU second of everything that works for them (the server's processes,",
    "PostgreSQL and Valkey), to those of the hello. *_us: CPU microseconds a request. *_p99_ms:",
    "until the first byte of the answer. hits_*: the share of `cached` that was answered from what",
    "the process had answered within the last second, and from Valkey.",
)


@dataclass(slots=True)
class Seen:
    """What so many requests took, in CPU seconds and each on the clock, and where from they were
    answered."""

    cpu: float = 0.0
    waits: list[float] = field(default_factory=list)
    sources: Counter[str] = field(default_factory=Counter)

    @property
    def microseconds(self) -> float:
        return 1e6 * self.cpu / len(self.waits)

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 requests stay below."""
        return 1e3 * sorted(self.waits)[int(0.99 * (len(self.waits) - 1))]


def run(argv: list[str]) -> Result:
    """Measure all three. Raises BenchError when an answer is not the expected one."""
    options = parse(argv)
    with open_stage() as stage:
        database = stage.new_database("bench")
        parts = build(Settings.from_env(database.environment))
        with superuser(stage, database) as db:
            shop = connect_shop(parts, db, 1, options.orders)
        parts.close()
        ports = free_ports(2)
        bare = "webapp.lab.bare:create_hello()"
        for name, app, port in zip(("web", "hello"), ("wsgi:app", bare), ports, strict=True):
            stage.spawn(name, database.environment, *web_server(app, f"127.0.0.1:{port}"))
            stage.wait_for(name, port)
        asked = options.requests
        if shop.members < LOOKING + asked:
            raise BenchError(f"{shop.members} members are too few for {asked} requests.")
        few = [address_of(shop, 1 + number % LOOKING) for number in range(asked)]
        measure(stage, ports[0], few[: 10 * LOOKING], "web", is_fragment)
        hello = measure(stage, ports[1], ["/"] * asked, "hello", is_hello)
        cached = measure(stage, ports[0], few, "web", is_fragment)
        each = [address_of(shop, LOOKING + 1 + number) for number in range(asked)]
        rendered = measure(stage, ports[0], each, "web", is_fragment)
    return Result(figures(hello, cached, rendered), GOALS, NOTES)


def figures(hello: Seen, cached: Seen, rendered: Seen) -> dict[str, float]:
    """All figures by name; see NOTES."""
    found = {
        "hello_per_cpu_second": 1e6 / hello.microseconds,
        "cached_per_cpu_second": 1e6 / cached.microseconds,
        "rendered_per_cpu_second": 1e6 / rendered.microseconds,
        "cached_ratio": hello.microseconds / cached.microseconds,
        "rendered_ratio": hello.microseconds / rendered.microseconds,
    }
    for name, seen in (("hello", hello), ("cached", cached), ("rendered", rendered)):
        found[f"{name}_us"], found[f"{name}_p99_ms"] = seen.microseconds, seen.p99
    for source in ("process", "cache"):
        found[f"hits_{source}"] = cached.sources[source] / len(cached.waits)
    return found


def address_of(shop: Shop, customer: int) -> str:
    """The address of a customer's fragment as the shop's proxy asks for it, signed now."""
    query = [
        ("locale", "de"),
        ("root", "/"),
        ("shop", shop.domain),
        ("logged_in_customer_id", str(customer)),
        ("path_prefix", "/apps/loyalnest"),
        ("timestamp", str(int(time.time()))),  # noqa: TID251 - Shopify's clock, not ours.
    ]
    signed = [*query, ("signature", proxy_signature(query, SECRET))]
    return f"/proxy/widgets/{WIDGET}?{urlencode(signed)}"


def measure(
    stage: Stage, port: int, addresses: Sequence[str], name: str, good: Callable[[bytes], bool]
) -> Seen:
    """Ask for all of these, and what that took."""
    seen, servers = Seen(), (name, POSTGRES, VALKEY)
    before = stage.cpu(*servers)

    def work(client: int) -> list[tuple[float, str]]:
        found = []
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as to:
            for address in addresses[client::CLIENTS]:
                began = time.perf_counter()
                to.request("GET", address)
                answer = to.getresponse()
                waited = time.perf_counter() - began
                if not good(answer.read()) or answer.status != 200:
                    raise BenchError(f"A request was answered with {answer.status}.")
                found.append((waited, answer.headers.get("X-LoyalNest-Cache", "")))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        for found in pool.map(work, range(CLIENTS)):
            seen.waits += [waited for waited, _ in found]
            seen.sources.update(source for _, source in found)
    seen.cpu = stage.cpu(*servers) - before
    return seen


def is_fragment(body: bytes) -> bool:
    """Whether it is a member's fragment, with what they bought."""
    return b'lang="de"' in body and b"ln-entry" in body


def is_hello(body: bytes) -> bool:
    return body == b"Hello, World!"


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp bench fragments", description="Measure storefront fragments."
    )
    parser.add_argument(
        "--requests", type=int, default=REQUESTS, metavar="N", help="of each kind (8,000)"
    )
    parser.add_argument(
        "--orders", type=int, default=ORDERS, metavar="N", help="of the shop's past (40,000)"
    )
    options = parser.parse_args(argv)
    if options.requests < 10 * LOOKING or options.requests % CLIENTS:
        parser.error(f"at least {10 * LOOKING} requests, in multiples of {CLIENTS}")
    return options
