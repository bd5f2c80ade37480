"""Begins the periods of every schedule that some feature works by: see `webapp.core.schedule`.

It runs beside the relay. Several may run at once; a period is begun by one of them, and whatever
kills that one in the middle, the next look goes through everybody again and repeats nothing.
"""

import logging
import threading
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from webapp.core import discovery, routing, schedule
from webapp.core.inbox import PLATFORM
from webapp.parts import Parts

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
# A page is asked for in the transaction that holds the lock, which must not be idle for a minute.
MERCHANTS_A_PAGE = 500


def run(parts: Parts, stop: threading.Event) -> None:
    """Look every second until `stop` is set. Whatever fails is tried again: the relay goes on."""
    begun: dict[str, datetime] = {}
    while not stop.wait(LOOK_EVERY_SECONDS):
        try:
            look(parts, begun)
        except SQLAlchemyError as error:
            log.warning("the schedule waits for the database: %s", type(error).__name__)
        except Exception:
            log.exception("the schedule failed")


def look(parts: Parts, begun: dict[str, datetime]) -> None:
    """Begin every period that is new. `begun` remembers those that need no further look."""
    wanted = discovery.handler_names()
    for name in schedule.SCHEDULES:
        period = schedule.period(name, parts.clock.wall())
        if begun.get(name) == period or schedule.topic(name) not in wanted:
            continue
        if begin(parts, name, period):
            begun[name] = period


def begin(parts: Parts, name: str, period: datetime) -> bool:
    """Tell everybody of a period, once; False while another process is at it."""
    with parts.database.before_tenant() as db:
        if not schedule.lock(db, name):
            return False
        if schedule.is_begun(db, name, period):
            return True
        tell(parts, name, period, PLATFORM)
        last = ""
        while page := routing.all_merchants(db, last, MERCHANTS_A_PAGE):
            for merchant_id in page:
                tell(parts, name, period, merchant_id)
            last = page[-1]
        schedule.record(db, name, period)
    return True


def tell(parts: Parts, name: str, period: datetime, merchant_id: str) -> None:
    """Emit one merchant's period; a second time writes nothing."""
    key = period.isoformat()
    with parts.database.transaction(merchant_id) as ctx:
        ctx.emit(schedule.topic(name), key, {"period": key})
