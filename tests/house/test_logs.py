"""No secret and no address of a shopper in any log line: the scan of the whole run can fail."""

import io
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log_scan import LogScan, LogScanPlugin, found_in
from webapp.core import logs

ROOT = Path(__file__).parents[2]
LEAKS = {
    "key lnk_" + "a1B2" * 10: "service key",
    "sent with shpat_" + "0" * 32: "access token",
    "token shpss_" + "f" * 32: "access token",
    "bot xoxb-" + "1234-abcd": "connection key",
    "project phc_" + "abcDEF123": "connection key",
    "key pk_" + "0a" * 17: "connection key",
    "key sk_live_" + "0a" * 10: "connection key",
    "Authorization: Bearer " + "abc.def.ghi": "credential",
    "GET /admin/sign-in?token=mer_abcdefgh~" + "x" * 40: "sign-in link",
    "GET /admin/sign-in?token=mer_abcdefgh%7E" + "x" * 40: "sign-in link",
    "no profile for ada@example.com.": "e-mail address",
    "Key (email)=(ada+1@mail.example.co.uk) already exists": "e-mail address",
    "sms to +4915112345678 refused": "telephone number",
}
HARMLESS = (
    "HTTP 200 in 0.12 s, balance +150, key pk_customer_identities",
    "connection to server on socket loyalnest_app@localhost failed",
    "2026-11-25 22:57:14+00:00 shop-8.myshopify.com cus_19e8b2Xy gid://shopify/Customer/7",
)


@pytest.mark.parametrize(("line", "kind"), LEAKS.items())
def test_scan_finds_secrets_and_addresses(line: str, kind: str) -> None:
    assert [k for k, _ in found_in(line)] == [kind]


@pytest.mark.parametrize("line", HARMLESS)
def test_scan_leaves_other_lines_alone(line: str) -> None:
    assert found_in(line, ["hush"]) == []


@pytest.mark.parametrize("line", LEAKS)
def test_product_strikes_out_what_others_log(line: str) -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (line,)})
    assert found_in(logs.Discreet("%(message)s").format(record)) == []


@pytest.mark.parametrize("line", HARMLESS)
def test_product_leaves_other_lines_alone(line: str) -> None:
    record = logging.makeLogRecord({"msg": line})
    assert logs.Discreet("%(message)s").format(record) == line


def test_product_strikes_out_of_tracebacks() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Discreet(logs.FORMAT))
    log = logging.Logger("apart")
    log.addHandler(handler)
    try:
        raise ValueError("bad address ada@example.com")
    except ValueError:
        log.exception("it failed")
    assert "ValueError: bad address [struck out]" in stream.getvalue()


def test_scan_reads_values_and_tracebacks_and_tells_neither() -> None:
    scan = LogScan(["a known secret"])
    log = logging.Logger("apart")
    log.addHandler(scan)
    log.info("sent to %s", "ada@example.com")
    try:
        raise ValueError("with a known secret")
    except ValueError:
        log.exception("it failed")
    assert (scan.records, len(scan.leaks)) == (2, 2)
    assert "<e-mail address>" in scan.leaks[0]
    assert "<known secret>" in scan.leaks[1]
    assert "ada@" not in "".join(scan.leaks)


def test_this_run_is_scanned(request: pytest.FixtureRequest) -> None:
    plugin = request.config.pluginmanager.get_plugin("log-scan")
    assert isinstance(plugin, LogScanPlugin)
    before = plugin.scan.records
    logging.getLogger("webapp.features.points").debug("a harmless line")
    logging.getLogger("some.library").info("another")
    assert plugin.scan.records == before + 2


CONFTEST = """
from tests.log_scan import LogScanPlugin

def pytest_configure(config):
    config.pluginmanager.register(LogScanPlugin(), "log-scan")
"""
RUNS = {
    "log.info('a harmless line')": (0, ""),
    "log.info('sent to %s', 'ada@' + 'example.com')": (1, "e-mail address"),
    "(tmp_path / 'worker.log').write_text('key lnk_' + 'a' * 40)": (1, "service key"),
    "(tmp_path / 'demo.json').write_text('{\"app_secret\": \"not so secret at all\"}');"
    "(tmp_path / 'shop.log').write_text('with not so secret at all')": (1, "known secret"),
}


@pytest.fixture
def run_of_its_own() -> Iterator[Path]:
    """A folder that the scan of this run does not read."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "conftest.py").write_text(CONFTEST)
        yield Path(folder)


@pytest.mark.parametrize(("statement", "expected"), RUNS.items())
def test_a_leak_fails_a_run_whose_tests_pass(
    run_of_its_own: Path, statement: str, expected: tuple[int, str]
) -> None:
    body = (
        f"import logging\nlog = logging.getLogger('x')\ndef test_it(tmp_path):\n    {statement}\n"
    )
    (run_of_its_own / "test_it.py").write_text(body)
    base = run_of_its_own / "inner"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:playwright"]
    command += ["--rootdir", str(run_of_its_own), "--basetemp", str(base), str(run_of_its_own)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    code, kind = expected
    assert done.returncode == code, done.stdout
    assert "1 passed" in done.stdout
    assert (kind in done.stdout) and (bool(kind) == ("secrets or addresses" in done.stdout))
