"""The .proto files beside this module, compiled when a process first asks: no generated code.

The types live in a pool of their own, so that they meet no other copy of the same names (our
google.rpc files) in this process.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

PROTOS = Path(__file__).parent / "protos"
SERVICES = (
    "admin.v1.AdminService",
    "analytics.v1.AnalyticsService",
    "frontend.v1.FrontendService",
    "points.v1.PointsService",
    "referrals.v1.ReferralService",
)
STRUCT = "google.protobuf.Struct"
# Beyond this a double no longer tells neighbouring whole numbers apart.
EXACT_DOUBLE = 2**53


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the contract: `name` as a row writes it (`points.v1.PointsService/SyncPoints`).

    `read` turns a request's bytes into what was given, by field name; unset fields are absent, as
    in JSON. It raises DecodeError for bytes that are no such message. `write` turns an answer's
    fields into bytes; None stays unset.
    """

    name: str
    input: Descriptor
    output: Descriptor
    read: Callable[[bytes], dict[str, Any]]
    write: Callable[[Mapping[str, Any]], bytes]


def compile_files(folder: Path = PROTOS) -> FileDescriptorSet:
    """Every .proto file below `folder` with what it imports, in an order that can be loaded.

    Raises ValueError when one of them is wrong; protoc has said why on stderr by then.
    """
    # Otherwise grpc_tools adds finders of its own to this process's import system.
    os.environ["GRPC_PYTHON_DISABLE_DYNAMIC_STUBS"] = "1"
    tools = import_module("grpc_tools")
    protoc = import_module("grpc_tools.protoc")
    standard = Path(tools.__path__[0]) / "_proto"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto"))
    with tempfile.TemporaryDirectory(prefix="loyalnest-protos-") as name:
        target = Path(name) / "set"
        options = ["--include_imports", f"--descriptor_set_out={target}"]
        if protoc.main(["protoc", f"-I{folder}", f"-I{standard}", *options, *files]):
            raise ValueError(f"the .proto files in {folder} cannot be compiled")
        return FileDescriptorSet.FromString(target.read_bytes())


@cache
def pool() -> DescriptorPool:
    """All types of the contract."""
    made = DescriptorPool()
    for file in compile_files().file:
        made.Add(file)
    return made


@cache
def methods() -> Mapping[str, Method]:
    """Name -> every method of the contract, whether a feature has it already or not."""
    found = [_method(m) for s in SERVICES for m in pool().FindServiceByName(s).methods]
    return {method.name: method for method in found}


def message_class(name: str) -> type[Message]:
    """The class of a message type, by its full name."""
    return GetMessageClass(pool().FindMessageTypeByName(name))


def _method(method: MethodDescriptor) -> Method:
    service, _, name = method.full_name.rpartition(".")
    asked, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    reader = _reader(method.input_type)

    def read(data: bytes) -> dict[str, Any]:
        return reader(asked.FromString(data))

    def write(fields: Mapping[str, Any]) -> bytes:
        return answer(**fields).SerializeToString()

    return Method(f"{service}/{name}", method.input_type, method.output_type, read, write)


def _reader(descriptor: Descriptor) -> Callable[[Any], dict[str, Any]]:
    """How a message of this type becomes plain values. Made once a type, for json_format would
    look at the descriptors again at every call, and writes 64-bit numbers as text."""
    if descriptor.full_name == STRUCT:
        return _plain_struct
    fields = [
        (field.name, field.has_presence, field.is_repeated, _reader_of_field(field))
        for field in descriptor.fields
    ]

    def read(message: Any) -> dict[str, Any]:
        given = {}
        for name, optional, repeated, convert in fields:
            if optional and not message.HasField(name):
                continue
            value = getattr(message, name)
            if repeated:
                given[name] = [convert(v) for v in value] if convert else list(value)
            else:
                given[name] = convert(value) if convert else value
        return given

    return read


def _reader_of_field(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    return _reader(field.message_type) if field.message_type else None


def _plain_struct(struct: Any) -> dict[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: Any) -> Any:
    """What a google.protobuf.Value holds; whole numbers are whole, as in JSON."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind is None or kind == "null_value":
        return None
    held = getattr(value, kind)
    if kind == "number_value" and held.is_integer() and abs(held) < EXACT_DOUBLE:
        return int(held)
    return held
