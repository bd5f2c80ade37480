"""How often somebody may call: the protocol; where it is counted is in `gateways`."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may still do: `limit` calls in `window` seconds, of which `remaining` are left
    for the next `reset` seconds. `granted` says whether this call is one of them."""

    granted: bool
    limit: int
    window: int
    remaining: int
    reset: int


class Limiter(Protocol):
    """Counts the calls of each caller."""

    def take(self, caller: str, most: int | None = None) -> Allowance:
        """Count one call of `caller` (an id of ours), who has `most` a minute, or as many as is set
        for all. Never raises and never waits for long."""
