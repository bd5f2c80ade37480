"""xAI: a chat model, which here says what it was asked in other words.

Source: docs.x.ai, which follows OpenAI's chat completions; errors are `{"code", "error"}`. There is
no deduplication: every completion that is asked for is made and would be paid for.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from webapp.core.clock import SystemClock
from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping, inside
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

MODEL = "grok-4.6"
_EXAMPLES: Mapping[str, object] = {
    "string": "as asked",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
}


def failure(status: int, code: str, error: str) -> Answer:
    return as_json({"code": code, "error": error}, status)


class Xai(Standin):
    """`xai-...` keys are good."""

    name = "xai"
    prefixes = ("xai-",)

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def read(self, call: Call) -> Sequence[Arrival]:
        if call.path != "/v1/chat/completions":
            return ()
        asked = call.members()
        said = {"model": asked.get("model"), "messages": asked.get("messages")}
        return (Arrival(_last_words(asked), "completion", said),)

    def answer(self, call: Call) -> Answer:
        if not self.keys.good(call.word_after("Bearer")):
            words = "Incorrect API key provided."
            return failure(HTTPStatus.UNAUTHORIZED, "unauthenticated", words)
        if (call.method, call.path) == ("GET", "/v1/models"):
            model = {"id": MODEL, "object": "model", "owned_by": "xai", "created": 0}
            return as_json({"object": "list", "data": [model]})
        if (call.method, call.path) == ("POST", "/v1/chat/completions"):
            return self._complete(call.members())
        return failure(HTTPStatus.NOT_FOUND, "not-found", "No such route.")

    def refusal(self, status: int) -> Answer:
        return failure(status, "unavailable", HTTPStatus(status).phrase)

    def _complete(self, asked: Mapping[str, object]) -> Answer:
        messages = asked.get("messages")
        if not asked.get("model") or not isinstance(messages, list) or not messages:
            words = "`model` and `messages` are required."
            return failure(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-argument", words)
        self.received.count(_last_words(asked))
        said = _content(asked)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": said, "refusal": None},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        return as_json(
            {
                "id": f"standin-{next(self._numbers)}",
                "object": "chat.completion",
                "created": int(SystemClock().wall().timestamp()),
                "model": asked["model"],
                "choices": [choice],
                "usage": usage,
            }
        )


def _last_words(asked: Mapping[str, object]) -> str:
    messages = asked.get("messages")
    last = as_mapping(messages[-1]) if isinstance(messages, list) and messages else {}
    return str(last.get("content") or "")


def _content(asked: Mapping[str, object]) -> str:
    """Words, or the smallest JSON that fits the schema that was asked for."""
    schema = inside(asked, "response_format", "json_schema", "schema")
    if schema is None:
        return f"You asked: {_last_words(asked)}"
    return json.dumps(_example(as_mapping(schema)))


def _example(schema: Mapping[str, object]) -> object:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    if schema.get("type") == "array":
        return [_example(as_mapping(schema.get("items")))]
    if schema.get("type") == "object":
        members = as_mapping(schema.get("properties"))
        return {name: _example(as_mapping(member)) for name, member in members.items()}
    return _EXAMPLES.get(str(schema.get("type")), "as asked")
