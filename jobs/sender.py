"""`python -m jobs sender`: sends what is due, a few threads for each destination.

A destination that hangs keeps its own threads waiting and nobody else's; that is why sends are not
jobs in the workers' queue (decision 0011). A thread works one lane, a merchant's deliveries of one
handler, for about a second. What is due is looked up ten times a second, and whenever a bell rings;
so Redis may be away. Several senders may run: a lane is worked by one at a time.
"""

import logging
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from sqlalchemy.exc import SQLAlchemyError

from jobs import sending
from webapp.core import discovery, routing
from webapp.core.contract import Send
from webapp.gateways.redis_cache import SENDERS, connect
from webapp.parts import Parts

log = logging.getLogger(__name__)

THREADS_A_DESTINATION = 4
LOOK_EVERY_SECONDS = 0.1
AFTER_TROUBLE_SECONDS = 0.5
BUDGET_SECONDS = 1.0
LISTEN_SECONDS = 1.0

Lane = tuple[str, str]


def run(parts: Parts) -> None:
    """Send until SIGTERM or SIGINT; what is being sent then is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sends = {name: work for name, work in discovery.handlers().items() if isinstance(work, Send)}
    Sender(parts, sends).run(stop)


class Sender:
    """The lanes in work, and the threads that work them."""

    def __init__(self, parts: Parts, sends: Mapping[str, Send]) -> None:
        self._parts, self._sends = parts, sends
        self._pools = {
            destination: ThreadPoolExecutor(THREADS_A_DESTINATION, f"send-{destination}")
            for destination in {work.destination for work in sends.values()}
        }
        self._working: set[Lane] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Look and hand out until `stop` is set."""
        threading.Thread(target=self._listen, args=(stop,), daemon=True).start()
        well = True
        while not stop.is_set():
            self._wake.clear()
            try:
                self.look()
                well = True
            except SQLAlchemyError as error:
                if well:
                    log.warning("the database is away: %s", type(error).__name__)
                well = False
            self._wake.wait(LOOK_EVERY_SECONDS) if well else stop.wait(AFTER_TROUBLE_SECONDS)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown()

    def look(self) -> None:
        """Give every due lane to a free thread of its destination."""
        with self._lock:
            working = set(self._working)
        busy = Counter(self._sends[handler].destination for handler, _ in working)
        for handler, merchant_id in self._due(busy):
            lane, destination = (handler, merchant_id), self._sends[handler].destination
            if lane in working or busy[destination] >= THREADS_A_DESTINATION:
                continue
            busy[destination] += 1
            with self._lock:
                self._working.add(lane)
            self._pools[destination].submit(self._work, lane)

    def _due(self, busy: Counter[str]) -> Iterator[Lane]:
        """The due lanes of destinations that have a free thread, in another order every time."""
        free = [
            handler
            for handler, work in self._sends.items()
            if busy[work.destination] < THREADS_A_DESTINATION
        ]
        with self._parts.database.before_tenant() as db:
            due = routing.due_handlers(db, free)
            lanes = [(h, merchant_id) for h in due for merchant_id in routing.due_lanes(db, h)]
        random.shuffle(lanes)
        yield from lanes

    def _work(self, lane: Lane) -> None:
        """Send what is due in a lane, and give its thread back."""
        handler, merchant_id = lane
        sent = 0
        try:
            deadline = time.monotonic() + BUDGET_SECONDS
            while claimed := sending.send_batch(
                self._parts, handler, self._sends[handler], merchant_id
            ):
                sent += claimed
                # A batch that was not full has most likely emptied the lane: the next look tells.
                if claimed < sending.BATCH or time.monotonic() > deadline:
                    break
        except SQLAlchemyError as error:
            log.warning("%s stopped: the database failed: %s", handler, type(error).__name__)
        except Exception:
            log.exception("%s stopped", handler)
        finally:
            with self._lock:
                self._working.discard(lane)
            if sent:
                self._wake.set()

    def _listen(self, stop: threading.Event) -> None:
        """Hear the bells of other processes; without Redis there are none, only the next look."""
        client: Any = connect(self._parts.settings.redis_url)
        while not stop.is_set():
            try:
                with client.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(SENDERS)
                    while not stop.is_set():
                        if channel.get_message(timeout=LISTEN_SECONDS):
                            self._wake.set()
            except redis.RedisError:
                stop.wait(AFTER_TROUBLE_SECONDS)
