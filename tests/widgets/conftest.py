"""A shop that serves the extension's own assets to a real browser."""

from collections.abc import Iterator

import pytest

from tests.widgets.shop_server import Shop, need_htmx, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    need_htmx()
    with open_shop() as opened:
        yield opened
