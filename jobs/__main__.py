"""`python -m jobs worker|sender|relay`: one process each, as production starts them."""

import sys

import redis
from rq import Queue, Worker

from jobs import drain, relay, sender
from webapp.core import logs
from webapp.core.config import ConfigurationError
from webapp.gateways.redis_cache import QUEUE
from webapp.parts import Parts

# RQ looks for jobs of dead workers this often; its own default is ten minutes.
MAINTENANCE_SECONDS = 30


def work(parts: Parts) -> None:
    """Run one RQ worker. It forks for each job, so the application is loaded before."""
    connection = redis.Redis.from_url(parts.settings.redis_url)
    queue = Queue(QUEUE, connection=connection, serializer="json")
    worker = Worker(
        [queue], connection=connection, serializer="json", maintenance_interval=MAINTENANCE_SECONDS
    )
    worker.work(logging_level="WARNING")


def main(argv: list[str]) -> int:
    """Run the process that `argv` names; exits 2 for wrong use."""
    logs.configure()
    processes = {"worker": work, "sender": sender.run, "relay": relay.run}
    if len(argv) != 1 or argv[0] not in processes:
        print("Usage: python -m jobs worker|sender|relay", file=sys.stderr)
        return 2
    try:
        parts = drain.preload()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    processes[argv[0]](parts)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
