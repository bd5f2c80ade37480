"""How a failed call ends over gRPC: status, localised message, and our code for programs.

The code is in the trailing metadata `x-loyalnest-error` and, as google.rpc.ErrorInfo, in
`grpc-status-details-bin`, where the libraries of most languages look for it.
"""

import math
from typing import NoReturn

import grpc

from webapp.core.errors import AppError
from webapp.entry import descriptors

CODE_KEY = "x-loyalnest-error"
DETAILS_KEY = "grpc-status-details-bin"
PUSHBACK_KEY = "grpc-retry-pushback-ms"
DOMAIN = "loyalnest"
# A client takes 8 KiB of metadata, where a letter may need nine bytes and occurs twice.
LONGEST_MESSAGE = 400
LONGEST_VALUE = 100


def end(
    context: grpc.ServicerContext, error: AppError, locale: str, after: float | None = None
) -> NoReturn:
    """End the call with `error`, said in `locale`; trying again helps `after` so many seconds."""
    message = clipped(error.message(locale), LONGEST_MESSAGE)
    status = grpc.StatusCode[error.kind.grpc]
    metadata: list[tuple[str, str | bytes]] = [
        (CODE_KEY, error.kind.code),
        (DETAILS_KEY, details(status.value[0], message, error, after)),
    ]
    if after is not None:
        metadata.append((PUSHBACK_KEY, str(math.ceil(after * 1000))))
    context.set_trailing_metadata(tuple(metadata))
    context.abort(status, message)


def details(status: int, message: str, error: AppError, after: float | None) -> bytes:
    """A google.rpc.Status with ErrorInfo, and RetryInfo when there is a time to wait."""
    values = {name: clipped(value, LONGEST_VALUE) for name, value in error.values.items()}
    info = descriptors.message_class("google.rpc.ErrorInfo")(
        reason=error.kind.code, domain=DOMAIN, metadata=values
    )
    found = descriptors.message_class("google.rpc.Status")(code=status, message=message)
    found.details.add().Pack(info)  # type: ignore[attr-defined]
    if after is not None:
        retry = descriptors.message_class("google.rpc.RetryInfo")()
        retry.retry_delay.FromMilliseconds(math.ceil(after * 1000))  # type: ignore[attr-defined]
        found.details.add().Pack(retry)  # type: ignore[attr-defined]
    return found.SerializeToString()


def clipped(text: str, longest: int) -> str:
    """`text`, at most so many letters of it."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
