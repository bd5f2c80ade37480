"""Ways in: verify who asks, open a unit of work, call one use case, render."""

from typing import Protocol, cast

from flask import current_app

from webapp.core.cache import Cache, Near
from webapp.core.clock import Clock
from webapp.core.config import Settings
from webapp.core.crypto import KeyRing
from webapp.core.db import Database
from webapp.core.rates import Limiter
from webapp.gateways import Gateways


class Parts(Protocol):
    """What the ways in need of the process they run in (`webapp.parts` builds it)."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def keys(self) -> KeyRing: ...
    @property
    def cache(self) -> Cache: ...
    @property
    def near(self) -> Near: ...
    @property
    def database(self) -> Database: ...
    @property
    def gateways(self) -> Gateways: ...
    @property
    def limiter(self) -> Limiter: ...


def parts() -> Parts:
    """The parts this application was built from."""
    return cast("Parts", current_app.extensions["loyalnest"])
