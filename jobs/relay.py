"""Wakes a worker for every handler that works in the database and has something due for a while,
looking ten times a second; senders look for themselves. Beside it runs the schedule.

The relay holds no state. When PostgreSQL or Redis is away it waits and goes on.
"""

import logging
import signal
import threading

from sqlalchemy.exc import SQLAlchemyError

from jobs import schedule
from webapp.core import discovery, routing
from webapp.parts import Parts

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.1
# What was emitted has rung by itself; what still lies after so long was not heard.
LATE_SECONDS = 0.3
AFTER_TROUBLE_SECONDS = 0.5


def run(parts: Parts) -> None:
    """Look and ring until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    names = tuple(name for name in discovery.handlers() if not discovery.is_send(name))
    threading.Thread(target=schedule.run, args=(parts, stop), daemon=True).start()
    pause = LOOK_EVERY_SECONDS
    while not stop.wait(pause):
        try:
            ring_due(parts, names, LATE_SECONDS)
            pause = LOOK_EVERY_SECONDS
        except SQLAlchemyError as error:
            if pause == LOOK_EVERY_SECONDS:
                log.warning("the database is away: %s", type(error).__name__)
            pause = AFTER_TROUBLE_SECONDS


def ring_due(parts: Parts, names: tuple[str, ...], late: float = 0.0) -> None:
    """Wake for every handler of `names` with a delivery that is due for `late` seconds."""
    with parts.database.before_tenant() as db:
        due = routing.due_handlers(db, names, late)
    if due:
        parts.bell.wake(due)
