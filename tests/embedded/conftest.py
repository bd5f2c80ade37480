"""Real servers in folders of their own."""

import time
from collections.abc import Callable, Iterator

import pytest

from webapp.embedded.supervisor import Supervisor


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as running:
        yield running


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait at most 15 s for something to come true."""

    def wait(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 15
        while not holds():
            assert time.monotonic() < deadline, "it did not come true within 15 s"
            time.sleep(0.02)

    return wait
