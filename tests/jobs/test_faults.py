"""Whatever dies in the middle of an import: it finishes by itself, with the same figures."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.door import Door, order
from tests.factories import make_tenant, signed_query
from tests.jobs.bench import TOKEN, Bench, ConnectedShop, Standin
from tests.jobs.processes import ROOT, Site, eventually
from tests.jobs.sample import Figures, expected, made_up, read_rows, write_rows
from webapp.app import create_app
from webapp.features.orders.commands import import_files, imports
from webapp.features.orders.messages import FileImport, ImportResult

ROWS = made_up(30_000, 8_000)
IMPORT = """
import sys
from webapp.core.config import Settings
from webapp.features.orders.commands import imports
from webapp.parts import build
imports.CHUNK_ROWS = 250
sys.exit(imports.main(build(Settings.from_env()).database, sys.argv[1:]))
"""
Strike = Callable[[Site], None]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("orders") / "orders.csv", ROWS)


@pytest.fixture(scope="module")
def wanted() -> Figures:
    return expected(ROWS)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many deliveries from few orders, as a large file would bring."""
    monkeypatch.setattr(imports, "CHUNK_ROWS", 250)


@contextmanager
def importing(site: Site, file: Path) -> Iterator[Future[ImportResult]]:
    """The import, in a thread beside the test."""
    wanted = FileImport(site.tenant.shop, (file,), quiet=True)
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(import_files, site.parts.database, wanted)


def strike_in_the_middle(site: Site, file: Path, strike: Strike, orders: int) -> None:
    """Hit while a worker is in a batch and most is still open, then wait for the end."""
    with importing(site, file) as result:
        with site.lanes_held():
            site.start()
            eventually(lambda: site.orders() > orders / 2)
        eventually(site.in_a_batch)
        assert site.open_share() > 0.5
        strike(site)
        began = time.monotonic()
        assert result.result(60).taken == orders
    eventually(site.finished)
    assert time.monotonic() - began < 60


full = pytest.mark.full
STRIKES = [
    pytest.param(Site.kill_one_worker, id="one worker killed"),
    pytest.param(Site.kill_all_workers, id="all workers killed"),
    pytest.param(Site.kill_the_relay, id="the relay killed"),
    pytest.param(partial(Site.lose_valkey, seconds=0.5), id="Valkey gone for 0.5 s"),
    pytest.param(partial(Site.lose_valkey, seconds=5), id="Valkey gone for 5 s", marks=full),
    pytest.param(partial(Site.freeze_valkey, seconds=0.5), id="Valkey frozen 0.5 s", marks=full),
    pytest.param(partial(Site.freeze_valkey, seconds=5), id="Valkey frozen 5 s", marks=full),
    pytest.param(Site.stop_postgres_at_once, id="PostgreSQL stopped at once"),
]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("strike", STRIKES)
def test_it_finishes_by_itself(site: Site, file: Path, wanted: Figures, strike: Strike) -> None:
    strike_in_the_middle(site, file, strike, len(ROWS))
    assert site.figures() == wanted


READING = "select 1 from imports"
TAKING = "select 1 from orders limit 1"


@full
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("sign", [READING, TAKING], ids=["reading", "taking in"])
def test_an_import_goes_on_when_postgres_is_back(
    site: Site, file: Path, wanted: Figures, sign: str
) -> None:
    with importing(site, file) as result:
        eventually(lambda: site.answer(sign))
        assert site.orders() < len(ROWS) / 2
        site.stop_postgres_at_once()
        assert result.result(60).taken == len(ROWS)
    site.start()
    eventually(site.finished)
    assert site.figures() == wanted


def test_a_killed_import_is_made_good_by_running_it_again(
    site: Site, file: Path, wanted: Figures
) -> None:
    argv = [sys.executable, "-c", IMPORT, str(file), "--shop", site.tenant.shop, "--json"]
    with subprocess.Popen(argv, env={**os.environ, **site.environment}, cwd=ROOT) as command:
        eventually(lambda: site.orders() > 0)
        command.kill()
    taken = site.orders()
    assert 0 < taken < len(ROWS)
    site.start()
    with importing(site, file) as result:
        assert result.result(60).taken == len(ROWS) - taken
    eventually(site.finished)
    assert site.figures() == wanted


@full
@pytest.mark.usefixtures("small_chunks")
def test_cards_reach_the_shop_when_the_sender_dies_while_it_pushes(
    site: Site, standin: Standin
) -> None:
    rows = made_up(3_000, 500)
    tenant = make_tenant(site.parts.database, access_token=TOKEN)
    admin, url = standin(tenant)
    admin.faults.replace({"next": [{"delay_ms": 200}] * 20})
    environment = {**site.environment, "LOYALNEST_SHOPIFY_ADMIN_URL": url}
    site = replace(site, tenant=tenant, environment=environment)
    site.start()
    with importing(site, write_rows(site.folder / "few.csv", rows)) as result:
        eventually(lambda: admin.calls >= 3)
        site.kill_the_sender()
        assert result.result(60).taken == len(rows)
    eventually(site.finished)
    assert site.figures() == expected(rows)
    shop = ConnectedShop(site.parts, tenant, site.folder, admin)
    cards = {customer: str(points) for customer, points in shop.balances().items()}
    assert {customer: shop.shown(customer) for customer in cards} == cards


@full
def test_what_shops_tell_while_workers_die_counts_once(site: Site) -> None:
    door = Door(site.parts, create_app(site.parts).test_client(), site.tenant)
    site.start()
    for number in range(1, 301):
        if number in (60, 180):
            eventually(lambda: door.count("orders"))
            site.kill_all_workers()
        for delivery in (f"first-{number}", f"again-{number % 3 and number}"):
            assert (
                door.webhook(order(number, number % 40 + 1, "2.00"), delivery=delivery).json == {}
            )
    open_ones = "deliveries where handler like 'orders.%' or handler like 'points.award%'"
    eventually(lambda: door.count(open_ones) == 0)
    found = site.figures()
    assert (found.orders, found.customers, found.points) == (300, 40, (600, 600, 600))


@pytest.mark.alone
@pytest.mark.parametrize("customer", ["7", ""], ids=["member", "guest"])
def test_a_fragment_waits_at_most_once_for_a_frozen_redis(site: Site, customer: str) -> None:
    bench = Bench(site.parts, site.tenant, site.folder)
    bench.take("7,2026-01-01,30.50")
    bench.drain()
    web = create_app(site.parts).test_client()

    def ask() -> tuple[float, bytes]:
        query = signed_query(site.tenant, site.parts.clock.wall(), customer, locale="en")
        began = time.monotonic()
        answer = web.get(f"/proxy/widgets/points_display?{query}")
        assert answer.status_code == 200
        return time.monotonic() - began, answer.data

    _, warm = ask()
    with site.frozen_valkey():
        answers = [ask() for _ in range(5)]
    assert max(spent for spent, _ in answers) < 0.3
    assert {body for _, body in answers} == {warm}


@pytest.fixture
def cdnow() -> Path:
    """Real orders of other people, which are not in the repository."""
    samples = Path(os.environ.get("LOYALNEST_SAMPLES") or ROOT.parent / "shared" / "data")
    path = samples / "cdnow.csv.gz"
    if not path.exists():
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing(f"there is no {path}: LOYALNEST_SAMPLES names the folder of the samples")
    return path


@full
@pytest.mark.usefixtures("small_chunks")
def test_real_orders_survive_the_death_of_all_workers(site: Site, cdnow: Path) -> None:
    strike_in_the_middle(site, cdnow, Site.kill_all_workers, 63_753)
    found = site.figures()
    assert (found.orders, found.customers, set(found.points)) == (63_753, 23_570, {2_243_861})
    assert found.segments == {
        "Champions": 6_404,
        "Loyal": 3_269,
        "New": 584,
        "At-Risk": 2_266,
        "Inactive": 11_047,
    }
    assert found == expected(read_rows(cdnow))
