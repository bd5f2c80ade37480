"""Slack's Web API, as far as LoyalNest uses it.

Source: docs.slack.dev. Methods are `POST /api/<method>` (reading ones also GET) with a bearer
token and a form or JSON; failures are 200 with `ok: false`, except 429 with Retry-After. Slack has
no deduplication key for `chat.postMessage`: a message that is posted twice is there twice.
"""

import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from webapp.core.clock import SystemClock
from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

TEAM, BOT, CHANNEL = "T0STANDIN", "U0BOT", "C0GENERAL"
_MEMBERS = {
    BOT: {"name": "loyalnest", "is_bot": True},
    "U0ROBIN": {"name": "robin", "is_bot": False, "profile": {"email": "robin@example.com"}},
}
_CHANNELS = {CHANNEL: "general", "C0COLLECTIVE": "loyalnest-collective"}
Said = Mapping[str, object]


def failure(error: str, **more: object) -> Answer:
    return as_json({"ok": False, "error": error, **more})


def success(**more: object) -> Answer:
    return as_json({"ok": True, **more})


class Slack(Standin):
    """`xoxb-...` tokens are good."""

    name = "slack"
    prefixes = ("xoxb-", "xoxp-")

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._methods: Mapping[str, Callable[[Said], Answer]] = {
            "api.test": lambda _: success(),
            "auth.test": lambda _: success(
                url="https://standin.slack.com/", team="Stand-in", user="loyalnest",
                team_id=TEAM, user_id=BOT, bot_id="B0BOT",
            ),
            "chat.postMessage": self._post,
            "users.info": _user,
            "users.lookupByEmail": _user_by_email,
            "conversations.list": _channels,
            "conversations.info": _channel,
            "conversations.join": _channel,
            "conversations.open": _open,
            "conversations.inviteShared": lambda said: success(
                invite_id="I0INVITE", is_legacy_shared_channel=False, channel=said.get("channel")
            ),
        }  # fmt: skip

    def read(self, call: Call) -> Sequence[Arrival]:
        method, said = _method(call), _said(call)
        if method != "chat.postMessage":
            return ()
        return (Arrival(_key(said), method, {"channel": said.get("channel"), **_words(said)}),)

    def answer(self, call: Call) -> Answer:
        token = call.word_after("Bearer")
        if not token:
            return failure("not_authed")
        if not self.keys.good(token):
            return failure("invalid_auth")
        handler = self._methods.get(_method(call))
        if handler is None:
            return failure("unknown_method", req_method=_method(call))
        return handler(_said(call))

    def refusal(self, status: int) -> Answer:
        word = "ratelimited" if status == HTTPStatus.TOO_MANY_REQUESTS else "internal_error"
        return as_json({"ok": False, "error": word}, status)

    def over_limit(self) -> Answer:
        return as_json({"ok": False, "error": "ratelimited"}, 429, Retry_After="1")

    def _post(self, said: Said) -> Answer:
        channel = str(said.get("channel") or "")
        if not channel or not channel.lstrip("#"):
            return failure("channel_not_found")
        if not said.get("text") and not said.get("blocks"):
            return failure("no_text")
        if len(str(said.get("text") or "")) > 40_000:
            return failure("msg_too_long")
        with self._lock:
            number = next(self._numbers)
        moment = f"{int(SystemClock().wall().timestamp())}.{number:06d}"
        self.received.count(_key(said))
        message = {"type": "message", "user": BOT, "text": said.get("text"), "ts": moment}
        return success(channel=channel, ts=moment, message=message)


def _method(call: Call) -> str:
    return urlsplit(call.target).path.rstrip("/").rpartition("/")[2]


def _said(call: Call) -> Said:
    """The arguments, from the address, a form or JSON."""
    kind = call.headers.get("content-type", "")
    body = call.members() if kind.startswith("application/json") else call.form
    return {**call.query, **body}


def _key(said: Said) -> str:
    """Slack has none of its own; what the sender calls the message in its metadata, else its
    words."""
    metadata = said.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = None
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    if isinstance(payload, Mapping) and payload:
        return str(next(iter(payload.values())))
    return f"{said.get('channel')}: {said.get('text')}"


def _words(said: Said) -> Said:
    return {name: said[name] for name in ("text", "blocks") if said.get(name)}


def _user(said: Said) -> Answer:
    known = _MEMBERS.get(str(said.get("user")))
    if known is None:
        return failure("user_not_found")
    return success(user={"id": said["user"], "team_id": TEAM, **known})


def _user_by_email(said: Said) -> Answer:
    for member, known in _MEMBERS.items():
        profile = known.get("profile")
        if isinstance(profile, Mapping) and profile.get("email") == said.get("email"):
            return success(user={"id": member, "team_id": TEAM, **known})
    return failure("users_not_found")


def _channels(_: Said) -> Answer:
    channels = [_as_channel(channel) for channel in _CHANNELS]
    return success(channels=channels, response_metadata={"next_cursor": ""})


def _channel(said: Said) -> Answer:
    channel = str(said.get("channel"))
    if channel not in _CHANNELS:
        return failure("channel_not_found")
    return success(channel=_as_channel(channel))


def _open(said: Said) -> Answer:
    users = str(said.get("users") or "")
    return success(channel={"id": f"D{users[1:]}"}) if users else failure("users_list_not_supplied")


def _as_channel(channel: str) -> dict[str, object]:
    return {"id": channel, "name": _CHANNELS[channel], "is_channel": True, "is_member": True}
