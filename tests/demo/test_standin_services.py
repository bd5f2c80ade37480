"""Each stand-in checks what the real service checks, and counts as it counts."""

from typing import Any, ClassVar

import httpx
import pytest

from tests.demo.test_standin_faults import HEADERS, event
from tests.standins import Standins

BEARER = {"Authorization": "Bearer sk_partner", "X-Postscript-Shop-Token": "shop"}
SLACK = {"Authorization": "Bearer xoxb-demo"}


def post(url: str, content: object, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(url, json=content, headers=headers, trust_env=False, timeout=5)


class TestKlaviyo:
    @pytest.fixture
    def url(self, standins: Standins) -> str:
        return f"{standins.url('klaviyo')}/api/events/"

    def test_an_event_counts_once(self, standins: Standins, url: str) -> None:
        assert [post(url, event("one"), HEADERS).status_code for _ in range(3)] == [202] * 3
        post(url, event("two"), HEADERS)
        assert standins.effects("klaviyo") == {"one": 1, "two": 1}
        assert standins.received("klaviyo")["one"]["arrivals"] == 3

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 401),
            ({"Authorization": "Klaviyo-API-Key wrong", "revision": "2026-10-15"}, 401),
            ({"Authorization": "Klaviyo-API-Key pk_demo"}, 400),
        ],
    )
    def test_key_and_revision_are_wanted(
        self, url: str, headers: dict[str, str], status: int
    ) -> None:
        answer = post(url, event("one"), headers)
        assert (answer.status_code, answer.json()["errors"][0]["status"]) == (status, status)

    def test_a_wrong_event_says_where(self, standins: Standins, url: str) -> None:
        wrong: Any = event("one")
        del wrong["data"]["attributes"]["metric"]
        answer = post(url, wrong, HEADERS)
        source = answer.json()["errors"][0]["source"]
        assert (answer.status_code, source) == (400, {"pointer": "/data/attributes/metric"})
        assert standins.effects("klaviyo") == {"one": 0}

    def test_a_revoked_key_is_refused_and_another_is_not(
        self, standins: Standins, url: str
    ) -> None:
        standins.revoke("klaviyo", "pk_demo")
        other = {**HEADERS, "Authorization": "Klaviyo-API-Key pk_other"}
        codes = [post(url, event("one"), headers).status_code for headers in (HEADERS, other)]
        assert codes == [401, 202]

    def test_an_account_is_behind_the_key(self, standins: Standins) -> None:
        url = f"{standins.url('klaviyo')}/api/accounts/"
        answer = httpx.get(url, headers=HEADERS, trust_env=False)
        assert answer.json()["data"][0]["type"] == "account"


class TestPostscript:
    EVENT: ClassVar = {"type": "points_earned", "phone": "+15550100", "external_id": "one"}

    @pytest.fixture
    def url(self, standins: Standins) -> str:
        return f"{standins.url('postscript')}/api/v2/events"

    def test_it_does_not_deduplicate(self, standins: Standins, url: str) -> None:
        answers = [post(url, self.EVENT, BEARER) for _ in range(2)]
        assert [a.status_code for a in answers] == [202, 202]
        assert answers[0].json() == {"event_ids": ["one"]}
        assert standins.effects("postscript") == {"one": 2}

    def test_too_many_calls_are_refused_without_a_pause(self, standins: Standins, url: str) -> None:
        standins.faults("postscript", [{"throttle": True}])
        answer = post(url, self.EVENT, BEARER)
        assert (answer.status_code, answer.json()["error_code"]) == (429, 3002)
        assert "Retry-After" not in answer.headers

    @pytest.mark.parametrize(
        "change",
        [
            {"type": "points earned"},
            {"phone": None},
            {"occurred_at": "2026-03-14T12:00:00Z"},
            {"properties": {"nested": {"a": 1}}},
        ],
    )
    def test_a_wrong_event_is_refused(self, url: str, change: dict[str, object]) -> None:
        assert post(url, {**self.EVENT, **change}, BEARER).status_code == 400

    def test_both_tokens_are_wanted(self, url: str) -> None:
        alone = {"Authorization": BEARER["Authorization"]}
        codes = [post(url, self.EVENT, headers).status_code for headers in ({}, alone)]
        assert codes == [401, 401]

    def test_a_shop_is_behind_the_key(self, standins: Standins) -> None:
        url = f"{standins.url('postscript')}/api/v2/me"
        assert httpx.get(url, headers=BEARER, trust_env=False).json()["success"] is True


class TestPostHog:
    @staticmethod
    def batch(*uuids: str, key: str = "phc_demo") -> dict[str, object]:
        event = {"event": "points_earned", "distinct_id": "mer_1", "properties": {}}
        return {"api_key": key, "batch": [{**event, "uuid": uuid} for uuid in uuids]}

    def test_a_uuid_counts_once(self, standins: Standins) -> None:
        url = f"{standins.url('posthog')}/batch/"
        answers = [post(url, self.batch("a", "b")), post(url, self.batch("b", "c"))]
        assert [a.json() for a in answers] == [{"status": "Ok"}] * 2
        assert standins.effects("posthog") == {"a": 1, "b": 1, "c": 1}

    def test_events_of_an_unknown_project_vanish_without_a_word(self, standins: Standins) -> None:
        answer = post(f"{standins.url('posthog')}/batch/", self.batch("a", key="nobody"))
        assert (answer.status_code, standins.effects("posthog")) == (200, {"a": 0})

    @pytest.mark.parametrize("key", ["", "phx_personal"])
    def test_what_can_be_no_project_key_is_refused(self, standins: Standins, key: str) -> None:
        assert (
            post(f"{standins.url('posthog')}/batch/", self.batch("a", key=key)).status_code == 401
        )

    @pytest.mark.parametrize(("key", "status"), [("phc_demo", 200), ("nobody", 401)])
    def test_flags_know_the_projects(self, standins: Standins, key: str, status: int) -> None:
        url = f"{standins.url('posthog')}/flags/?v=2"
        assert post(url, {"api_key": key, "distinct_id": "x"}).status_code == status


class TestSlack:
    MESSAGE: ClassVar = {"channel": "C0GENERAL", "text": "Hello"}

    @staticmethod
    def call(standins: Standins, method: str, **said: object) -> Any:
        url = f"{standins.url('slack')}/api/{method}"
        return httpx.post(url, data=said, headers=SLACK, trust_env=False).json()

    def test_every_post_counts(self, standins: Standins) -> None:
        answers = [self.call(standins, "chat.postMessage", **self.MESSAGE) for _ in range(2)]
        assert answers[0]["ok"]
        assert answers[0]["ts"] != answers[1]["ts"]
        assert standins.effects("slack") == {"C0GENERAL: Hello": 2}

    @pytest.mark.parametrize(
        ("method", "said", "error"),
        [
            ("chat.postMessage", {"text": "x"}, "channel_not_found"),
            ("chat.postMessage", {"channel": "C1"}, "no_text"),
            ("users.info", {"user": "U9"}, "user_not_found"),
            ("conversations.info", {"channel": "C9"}, "channel_not_found"),
            ("chat.scream", {}, "unknown_method"),
        ],
    )
    def test_failures_come_with_status_200(
        self, standins: Standins, method: str, said: dict[str, object], error: str
    ) -> None:
        answer = self.call(standins, method, **said)
        assert (answer["ok"], answer["error"]) == (False, error)

    def test_people_and_channels_are_found(self, standins: Standins) -> None:
        assert self.call(standins, "auth.test")["team_id"] == "T0STANDIN"
        found = self.call(standins, "users.lookupByEmail", email="robin@example.com")
        assert found["user"]["id"] == "U0ROBIN"
        assert len(self.call(standins, "conversations.list")["channels"]) == 2
        assert self.call(standins, "conversations.open", users="U0ROBIN")["channel"]["id"]

    def test_a_token_is_wanted(self, standins: Standins) -> None:
        url = f"{standins.url('slack')}/api/auth.test"
        assert post(url, {}).json()["error"] == "not_authed"
        wrong = {"Authorization": "Bearer nothing"}
        assert post(url, {}, wrong).json()["error"] == "invalid_auth"

    def test_its_limit_comes_with_a_pause(self, standins: Standins) -> None:
        standins.faults("slack", [{"throttle": True}])
        url = f"{standins.url('slack')}/api/chat.postMessage"
        answer = httpx.post(url, data=self.MESSAGE, headers=SLACK, trust_env=False)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
