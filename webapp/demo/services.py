"""The processes of a demo: which there are, what they are told, and when they are ready."""

import base64
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.core.provisioning import provision, upgrade
from webapp.demo.standins.catalogue import NAMES, SECURE
from webapp.demo.standins.host import CONTROL
from webapp.demo.standins.shopify import ShopifyAdmin
from webapp.embedded.local import LocalServers
from webapp.embedded.supervisor import ServerError, Supervisor

HOST = "127.0.0.1"
WORKERS = 2
READY_SECONDS = 60.0
DATABASE = "loyalnest"
ENVIRONMENT_FILE = "environment.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """`shop` is the first storefront and the start page, `second` the other storefront, `web` and
    `rpc` are LoyalNest itself. `standins` are those of the outside services by name, and the one
    from which they are controlled."""

    shop: int
    web: int
    rpc: int
    second: int
    standins: Mapping[str, int]

    @property
    def shop_url(self) -> str:
        return f"http://{HOST}:{self.shop}"

    @property
    def second_url(self) -> str:
        return f"http://{HOST}:{self.second}"

    @property
    def web_url(self) -> str:
        return f"http://{HOST}:{self.web}"

    @property
    def grpc_address(self) -> str:
        return f"{HOST}:{self.rpc}"

    @property
    def standin_urls(self) -> dict[str, str]:
        """Service -> where its stand-in is."""
        return {
            name: f"{'https' if name in SECURE else 'http'}://{HOST}:{port}"
            for name, port in self.standins.items()
        }


def choose_ports(first: int) -> Ports:
    """`first` and those after it, for the second shop and the stand-ins also others; raises
    ServerError with the remedy when one of the first three is taken."""
    for port in range(first, first + 3):
        trouble = refused(port)
        if trouble:
            raise ServerError(
                f"Port {port} of {HOST} cannot be used ({trouble}): choose another with --port."
            )
    free = (port for port in range(first + 3, 65_536) if not refused(port))
    try:
        second = next(free)
        standins = {name: next(free) for name in (*NAMES, CONTROL)}
    except StopIteration:
        raise ServerError(f"There are not enough ports after {first}: choose --port.") from None
    return Ports(first, first + 1, first + 2, second, standins)


def refused(port: int) -> str:
    """Why nothing can listen on a port; nothing when it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            return str(error)
    return ""


def start_servers(supervisor: Supervisor, folder: Path, ports: Ports) -> dict[str, str]:
    """Start (or find) PostgreSQL and Valkey and bring the schema up to date.

    Gives back the environment of every LoyalNest process, which is also kept in the folder for
    commands that join a running demo.
    """
    urls = LocalServers(folder).start(supervisor, os.environ)
    kept = keep_secrets(folder / "secrets.json")
    password = kept["database_password"] if os.environ.get("DATABASE_URL") else None
    app_url, owner_url = provision(urls.admin_url, DATABASE, password)
    upgrade(owner_url)
    environment = {
        "DATABASE_URL": app_url,
        "DATABASE_OWNER_URL": owner_url,
        "REDIS_URL": urls.redis_url,
        "LOYALNEST_SECRET_KEY": kept["secret_key"],
        "LOYALNEST_ENCRYPTION_KEYS": f"demo:{kept['encryption_key']}",
        "LOYALNEST_BASE_URL": ports.web_url,
        "LOYALNEST_CLOCK_FILE": str(folder / "clock.json"),
        "LOYALNEST_TRUSTED_CA": str(authority_file(folder).with_suffix(".pem")),
        **standin_addresses(ports),
    }
    write_private(folder / ENVIRONMENT_FILE, environment)
    return environment


def standin_addresses(ports: Ports) -> dict[str, str]:
    """The settings that send everything to the stand-ins."""
    urls = dict(ports.standin_urls)
    urls.pop(CONTROL)
    shopify = urls.pop(ShopifyAdmin.name)
    named = {f"LOYALNEST_{service.upper()}_URL": url for service, url in urls.items()}
    # The page on which cards are saved is another host of Google's, and the same stand-in.
    named["LOYALNEST_GOOGLE_PAY_URL"] = urls["google_wallet"]
    return {**named, "LOYALNEST_SHOPIFY_ADMIN_URL": f"{shopify}/{{shop}}"}


def web_server(application: str, address: str) -> list[str]:
    """How a WSGI application is served, as arguments of Python."""
    return [
        *("-m", "gunicorn", application, "--bind", address, "-k", "gthread"),
        *("--workers", "2", "--threads", "8", "--no-control-socket"),
    ]


def start_processes(
    supervisor: Supervisor, folder: Path, ports: Ports, environment: Mapping[str, str]
) -> None:
    """Start every process, and wait until those with an address answer."""
    python, logs = sys.executable, folder / "logs"
    commands = {
        "web": [python, *web_server("wsgi:app", f"{HOST}:{ports.web}")],
        "rpc": [python, "-m", "webapp.rpc", "--bind", ports.grpc_address],
        **{f"worker-{n + 1}": [python, "-m", "jobs", "worker"] for n in range(WORKERS)},
        "sender": [python, "-m", "jobs", "sender"],
        "relay": [python, "-m", "jobs", "relay"],
        "shop": [python, "-m", "webapp.demo.shop", *map(str, shop_files(folder))],
        "standins": standins_command(folder, ports),
    }
    root = Path(__file__).parents[2]
    for name, argv in commands.items():
        supervisor.spawn(name, argv, env=environment, cwd=root, log=logs / f"{name}.log")
    wait_until_ready(supervisor, "web", f"{ports.web_url}/readyz")
    wait_until_ready(supervisor, "shop", f"{ports.shop_url}/healthz")
    wait_until_listening(supervisor, "rpc", ports.rpc)
    wait_until_listening(supervisor, "standins", ports.standins[CONTROL])


def standins_command(folder: Path, ports: Ports) -> list[str]:
    """How the stand-ins are started; the shops' descriptions must be there already."""
    chosen = ",".join(f"{name}={port}" for name, port in ports.standins.items())
    return [
        *(sys.executable, "-m", "webapp.demo.standins", "--ports", chosen),
        *(part for file in shop_files(folder) for part in ("--shop", str(file))),
        *("--authority", str(authority_file(folder))),
        *("--clock", str(folder / "clock.json")),
    ]


def authority_file(folder: Path) -> Path:
    """Where the certificates and keys for wallets are; beside it, as .pem, is their root alone."""
    return folder / "authority.json"


def shop_files(folder: Path) -> tuple[Path, Path]:
    """Where the shops' descriptions are, the first shop's first."""
    return folder / "shop.json", folder / "second-shop.json"


def wait_until_ready(supervisor: Supervisor, name: str, url: str) -> None:
    """Wait for a 200 of `url`; raises ServerError when the process does not get there."""
    # A proxy that the environment names does not reach this machine's own addresses.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.check(name)
        try:
            with direct.open(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerError(f"{name} does not answer at {url}; see its log in the data folder.")


def wait_until_listening(supervisor: Supervisor, name: str, port: int) -> None:
    """Wait until `port` takes connections; raises ServerError when nothing does in time."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.check(name)
        try:
            socket.create_connection((HOST, port), timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise ServerError(f"{name} does not listen on port {port}; see its log in the data folder.")


def keep_secrets(file: Path) -> dict[str, str]:
    """The demo's own secrets, made once."""
    if not file.exists():
        made = {
            "secret_key": secrets.token_urlsafe(32),
            "encryption_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            "database_password": secrets.token_urlsafe(24),
        }
        write_private(file, made)
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def write_private(file: Path, content: object) -> None:
    """Write JSON that only this user may read, whole or not at all."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=2, default=str))
    part.replace(file)
