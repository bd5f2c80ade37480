"""xAI: a chat model that words texts. It never scores, and never sees who somebody is.

Source: docs.x.ai: OpenAI's chat completions at `/v1/chat/completions`, with structured output by a
JSON schema. An answer takes seconds, so this client waits longer than the others, yet still less
than a lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller, GatewayError

READ_SECONDS = 10.0
CALL_SECONDS = 11.0


@dataclass(frozen=True, slots=True)
class Completion:
    """What to complete: (role, text) messages; `schema` is the JSON schema of the answer, which
    then is JSON with that name. `most_tokens` bounds the answer."""

    model: str
    messages: Sequence[tuple[str, str]]
    most_tokens: int
    schema_name: str = ""
    schema: Mapping[str, Any] | None = None


class Xai(Protocol):
    """What the product asks of xAI."""

    def complete(self, credentials: Credentials, completion: Completion) -> str:
        """The text of the first choice. Raises GatewayError, also for one that was cut off."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless xAI takes the key."""


class HttpXai:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = url, caller

    def complete(self, credentials: Credentials, completion: Completion) -> str:
        content: dict[str, Any] = {
            "model": completion.model,
            "messages": [{"role": role, "content": text} for role, text in completion.messages],
            "max_completion_tokens": completion.most_tokens,
            "stream": False,
        }
        if completion.schema is not None:
            schema = {
                "name": completion.schema_name,
                "schema": dict(completion.schema),
                "strict": True,
            }
            content["response_format"] = {"type": "json_schema", "json_schema": schema}
        answer = self._caller.call(
            "POST",
            f"{self._url}/v1/chat/completions",
            headers=_headers(credentials),
            content=content,
        ).json()
        return _text(answer)

    def check(self, credentials: Credentials) -> None:
        self._caller.call("GET", f"{self._url}/v1/models", headers=_headers(credentials)).json()


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials.values['api_key']}"}


def _text(answer: Mapping[str, Any]) -> str:
    try:
        choice = answer["choices"][0]
        text, finish = choice["message"]["content"], choice["finish_reason"]
    except (KeyError, IndexError, TypeError):
        raise GatewayError("the answer has no text") from None
    if not isinstance(text, str) or finish != "stop":
        raise GatewayError(f"the answer is not whole: {finish}")
    return text
