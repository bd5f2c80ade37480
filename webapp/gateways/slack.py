"""Slack: messages of our bot.

Source: docs.slack.dev: an answer is 200 with `ok` and `error`; chat.postMessage takes about one a
second and channel, else 429 with Retry-After. It has no key against repetition: keep the `ts` that
a message gets. The client of slack-sdk is not used, because it follows redirects with the token
and takes proxies from the environment, and its answers have no bounds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller, GatewayError, redacted

REFUSED_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
RETRIABLE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
TOO_MANY_SECONDS = 1.0


class Slack(Protocol):
    """What the product asks of Slack."""

    def post_message(
        self,
        credentials: Credentials,
        channel: str,
        text: str,
        blocks: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Post to a channel or person; the message's `ts`. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless Slack takes the token."""


class HttpSlack:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = url, caller

    def post_message(
        self,
        credentials: Credentials,
        channel: str,
        text: str,
        blocks: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        content: dict[str, Any] = {"channel": channel, "text": text}
        if blocks:
            content["blocks"] = [dict(block) for block in blocks]
        return str(self._call("chat.postMessage", credentials, content).get("ts", ""))

    def check(self, credentials: Credentials) -> None:
        self._call("auth.test", credentials, {})

    def _call(
        self, method: str, credentials: Credentials, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {credentials.values['bot_token']}",
            "Content-Type": "application/json; charset=utf-8",
        }
        answer = self._caller.call(
            "POST", f"{self._url}/api/{method}", headers=headers, content=content
        ).json()
        if answer.get("ok") is not True:
            raise _refusal(redacted(str(answer.get("error", "no reason given"))))
        return answer


def _refusal(code: str) -> GatewayError:
    """The error of an answer whose `ok` is false; `code` is one of Slack's words."""
    if code == "ratelimited":
        return GatewayError(code, after=TOO_MANY_SECONDS)
    credential = code in REFUSED_TOKEN
    final = not credential and code not in RETRIABLE
    return GatewayError(code, final=final, credential=credential)
