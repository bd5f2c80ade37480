"""All stand-ins of one process, each on its port, and one port from which they are controlled."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.service import Standin

CONTROL = "control"


class ControlDesk(Standin):
    """`/<service>/_faults` and the like: answered also while the service's own port is closed."""

    name = CONTROL

    def __init__(self, servers: Mapping[str, StandinServer]) -> None:
        super().__init__()
        self._servers = servers

    def answer(self, call: Call) -> Answer:
        if call.path == "/":
            return as_json({name: server.url for name, server in self._servers.items()})
        name, _, rest = call.target.lstrip("/").partition("/")
        server = self._servers.get(name)
        if server is None or not rest.startswith("_"):
            return as_json({"error": "no such address"}, HTTPStatus.NOT_FOUND)
        return server.control(Call(call.method, f"/{rest}", call.headers, call.body))


class StandinHost:
    """Starts every stand-in; a context manager. `ports` names ports by service; 0 is a free one."""

    def __init__(self, standins: Iterable[Standin], ports: Mapping[str, int] | None = None) -> None:
        chosen = ports or {}
        self.servers = {s.name: StandinServer(s, chosen.get(s.name, 0)) for s in standins}
        self.desk = StandinServer(ControlDesk(self.servers), chosen.get(CONTROL, 0))

    def __enter__(self) -> "StandinHost":
        for server in (*self.servers.values(), self.desk):
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (*self.servers.values(), self.desk):
            server.close()

    def urls(self) -> dict[str, str]:
        """Service -> base address, and the control port's."""
        found = {name: server.url for name, server in self.servers.items()}
        return {**found, CONTROL: self.desk.url}
