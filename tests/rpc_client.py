"""A client of the gRPC server that knows the .proto files and nothing else of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from webapp.entry import descriptors


@dataclass(frozen=True)
class Answer:
    """What came back: the status's name, the fields as JSON has them, and what a failure says."""

    status: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        return self.metadata.get("x-loyalnest-error")

    def detail(self, name: str) -> Message:
        """One of the details that `grpc-status-details-bin` holds."""
        status = descriptors.message_class("google.rpc.Status").FromString(
            self.metadata["grpc-status-details-bin"]
        )
        found = descriptors.message_class(f"google.rpc.{name}")()
        assert any(packed.Unpack(found) for packed in status.details)  # type: ignore[attr-defined]
        return found


class RpcClient:
    """Calls methods by their name (`points.v1.PointsService/SyncPoints`)."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)

    def call(
        self,
        name: str,
        given: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: float = 20,
        **metadata: str,
    ) -> Answer:
        """Call with a service key and further metadata (`_` stands for `-`)."""
        asked = descriptors.methods()[name].input
        message = ParseDict(
            dict(given), GetMessageClass(asked)(), descriptor_pool=descriptors.pool()
        )
        return self.send(name, message.SerializeToString(), key=key, timeout=timeout, **metadata)

    def send(
        self, name: str, data: bytes, *, key: str | None, timeout: float = 20, **metadata: str
    ) -> Answer:
        """Call with these bytes."""
        sent = [(k.replace("_", "-"), v) for k, v in metadata.items()]
        if key is not None:
            sent.append(("authorization", f"Bearer {key}"))
        invoke = self.channel.unary_unary(f"/{name}")
        try:
            raw, call = invoke.with_call(data, timeout=timeout, metadata=sent)
        except grpc.RpcError as error:
            trailing = dict(error.trailing_metadata() or ())
            return Answer(error.code().name, {}, error.details(), trailing)
        answer = GetMessageClass(descriptors.methods()[name].output).FromString(raw)
        return Answer("OK", as_json(answer), "", dict(call.trailing_metadata() or ()))

    def close(self) -> None:
        self.channel.close()


def as_json(message: Message) -> dict[str, Any]:
    """A message's fields as the REST answer has them: whole numbers as numbers, null when unset."""
    fields = MessageToDict(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        descriptor_pool=descriptors.pool(),
    )
    for known in message.DESCRIPTOR.fields:
        if known.cpp_type == known.CPPTYPE_INT64 and known.name in fields:
            fields[known.name] = int(fields[known.name])
        if known.has_presence:
            fields.setdefault(known.name, None)
    return fields
