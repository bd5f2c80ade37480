"""What every stand-in has: keys it accepts, a fault script, a memory, and the service's words."""

import ssl
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from webapp.demo.standins import certificate
from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.faults import FaultScript
from webapp.demo.standins.received import Arrival, Received


class Keys:
    """Which credentials are good: every one that has the service's own form and is not revoked.

    Not as the real service, which knows its customers: here any number of merchants can be served
    without telling the stand-in of each.
    """

    def __init__(self, *prefixes: str) -> None:
        self._prefixes = prefixes
        self._revoked: set[str] = set()
        self._lock = threading.Lock()

    def good(self, key: str) -> bool:
        """Whether a caller with this credential is let in."""
        formed = any(key.startswith(p) and len(key) > len(p) for p in self._prefixes)
        with self._lock:
            return formed and key not in self._revoked

    def revoke(self, keys: Sequence[str]) -> None:
        """From now on exactly these are refused."""
        with self._lock:
            self._revoked = set(keys)


class Standin:
    """An outside service. `answer` does the work of a whole call; `read` says what is in it, also
    when the fault script keeps it from being done."""

    name: ClassVar[str]
    prefixes: ClassVar[tuple[str, ...]] = ()
    # Whether it is only called by https.
    secure: ClassVar[bool] = False
    broken: ClassVar[bytes] = b'{"data": {"id": "5", "attributes": [1, 2'

    def __init__(self) -> None:
        self.faults = FaultScript()
        self.received = Received()
        self.keys = Keys(*self.prefixes)

    def server_context(self) -> ssl.SSLContext:
        """What TLS is spoken with; nobody has reason to trust its certificate."""
        return certificate.server_context()

    def read(self, call: Call) -> Sequence[Arrival]:
        """What the call carries; it must not fail, whatever was sent."""
        return ()

    def answer(self, call: Call) -> Answer:
        """Check the call as the service does, do its work, count it, answer."""
        raise NotImplementedError

    def more(self) -> dict[str, object]:
        """What `/_received` tells beside what arrived."""
        return {}

    def command(self, call: Call) -> Answer | None:
        """What this stand-in can be told beside the control API; None for anything else."""
        return None

    def refusal(self, status: int) -> Answer:
        """The service's own words for a status that the fault script asks for."""
        return as_json({"error": HTTPStatus(status).phrase}, status)

    def over_limit(self) -> Answer:
        """What the service says when its limit is reached."""
        return self.refusal(HTTPStatus.TOO_MANY_REQUESTS)

    def close(self) -> None:
        """Let go of what runs in the background."""

    def reset(self) -> None:
        """As on the first day."""
        self.faults.replace({"next": []})
        self.received.forget()
        self.keys.revoke(())
