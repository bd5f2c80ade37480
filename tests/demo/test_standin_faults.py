"""What the fault script does to a caller, over real sockets; Klaviyo stands for all of them."""

import socket
import ssl
import time
from collections.abc import Callable

import httpx
import pytest

from tests.jobs.processes import eventually
from tests.standins import Standins
from webapp.demo.standins.faults import CallRate, FaultScript

HEADERS = {"Authorization": "Klaviyo-API-Key pk_demo", "revision": "2026-10-15"}
Send = Callable[[str], httpx.Response]


def event(unique_id: str, metric: str = "Earned Points") -> dict[str, object]:
    profile = {"type": "profile", "attributes": {"external_id": "7"}}
    attributes = {
        "unique_id": unique_id,
        "properties": {"points": 5},
        "metric": {"data": {"type": "metric", "attributes": {"name": metric}}},
        "profile": {"data": profile},
    }
    return {"data": {"type": "event", "attributes": attributes}}


@pytest.fixture
def send(standins: Standins) -> Send:
    def post(unique_id: str) -> httpx.Response:
        url = f"{standins.url('klaviyo')}/api/events/"
        return httpx.post(url, json=event(unique_id), headers=HEADERS, timeout=0.5, trust_env=False)

    return post


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"hang": True}, httpx.ReadTimeout),
        ({"drop": True}, httpx.RemoteProtocolError),
        ({"half": True}, httpx.RemoteProtocolError),
        ({"tls": True}, httpx.RemoteProtocolError),
        ({"refuse_ms": 60_000}, httpx.ConnectError),
    ],
)
def test_a_broken_call_is_really_broken(
    standins: Standins, send: Send, fault: dict[str, object], error: type[Exception]
) -> None:
    standins.faults("klaviyo", [fault])
    with pytest.raises(error):
        send("one")
    standins.faults("klaviyo", [])
    assert standins.effects("klaviyo").get("one", 0) == 0
    assert send("one").status_code == 202
    assert standins.effects("klaviyo") == {"one": 1}


@pytest.mark.parametrize("fault", [{"drop": True}, {"half": True}, {"hang": True}])
def test_work_can_be_done_although_its_answer_is_lost(
    standins: Standins, send: Send, fault: dict[str, object]
) -> None:
    standins.faults("klaviyo", [{**fault, "applied": True}])
    with pytest.raises(httpx.TransportError):
        send("one")
    send("one")
    entry = standins.received("klaviyo")["one"]
    assert (entry["arrivals"], entry["effects"]) == (2, 1)


def test_an_answer_can_be_no_json(standins: Standins, send: Send) -> None:
    standins.faults("klaviyo", [{"garbled": True}])
    answer = send("one")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="line 1"):
        answer.json()


def test_a_pause_is_asked_for_in_seconds(standins: Standins, send: Send) -> None:
    standins.faults("klaviyo", [{"status": 429, "retry_after": 7}, {"status": 500, "times": 2}])
    answers = [send("one") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 500, 500, 202]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["errors"][0]["code"] == "throttled"


def test_nobody_trusts_its_certificate(standins: Standins) -> None:
    address = f"{standins.tls_url('klaviyo')}/api/accounts/"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(address, headers=HEADERS, trust_env=False)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    assert httpx.get(address, headers=HEADERS, verify=careless, trust_env=False).status_code == 200


def test_a_port_that_was_closed_opens_by_itself(standins: Standins, send: Send) -> None:
    standins.faults("klaviyo", [{"refuse_ms": 1_000}])
    with pytest.raises(httpx.ConnectError):
        send("one")
    deadline = time.monotonic() + 10
    while standins.host.servers["klaviyo"].refusing() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert send("one").status_code == 202


def test_a_refusal_can_come_in_the_middle_of_a_script(standins: Standins, send: Send) -> None:
    standins.faults("klaviyo", [{"status": 500}, {"refuse_ms": 60_000}])
    with httpx.Client(timeout=0.5, trust_env=False) as client:
        url = f"{standins.url('klaviyo')}/api/accounts/"
        assert client.get(url).status_code == 500
        with pytest.raises(httpx.ConnectError):
            client.get(url)


@pytest.mark.alone
def test_a_service_that_hangs_slows_no_other(standins: Standins) -> None:
    standins.faults("klaviyo", [{"hang": True, "times": 20}])
    stuck = [socket.create_connection(("127.0.0.1", _port(standins))) for _ in range(20)]
    for each in stuck:
        each.sendall(b"GET /api/accounts/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    # One that is read later would take its fault from the script of the next test.
    eventually(lambda: standins.calls("klaviyo") == 20)
    began = time.monotonic()
    answer = httpx.post(f"{standins.url('slack')}/api/api.test", trust_env=False)
    assert answer.status_code == 200
    assert time.monotonic() - began < 1
    for each in stuck:
        each.close()


def test_only_names_of_this_machine_are_answered(standins: Standins) -> None:
    url = f"{standins.url('klaviyo')}/_received"
    answer = httpx.get(url, headers={"Host": "rebound.example"}, trust_env=False)
    assert answer.status_code == 403


def test_it_is_controlled_over_http_too(standins: Standins, send: Send) -> None:
    own, desk = standins.url("klaviyo"), standins.host.desk.url
    with httpx.Client(trust_env=False) as client:
        client.post(f"{own}/_faults", json={"next": [{"refuse_ms": 60_000}]})
        with pytest.raises(httpx.ConnectError):
            send("one")
        client.post(f"{desk}/klaviyo/_faults", json={"next": []})
        send("one")
        told = client.get(f"{own}/_received").json()
        assert (told["calls"], told["arrivals"], told["effects"]) == (1, 1, 1)
        assert told["items"][0]["said"]["profile"] == {"external_id": "7"}
        assert client.post(f"{desk}/klaviyo/_reset").status_code == 200
        assert client.get(f"{own}/_received").json()["items"] == []
        assert client.post(f"{desk}/nobody/_faults", json={}).status_code == 404
        assert client.post(f"{own}/_faults", json={"next": [{"explode": 1}]}).status_code == 422


@pytest.mark.parametrize("script", [None, [], {"next": 1}, {"next": [{"explode": True}]}])
def test_a_script_that_is_none_is_refused(script: object) -> None:
    with pytest.raises(ValueError, match="fault"):
        FaultScript().replace(script)


def test_each_caller_has_a_limit_of_its_own() -> None:
    rate = CallRate(3)
    assert [rate.exceeded("one") for _ in range(4)] == [False, False, False, True]
    assert not rate.exceeded("two")


def _port(standins: Standins) -> int:
    return standins.host.servers["klaviyo"].port
