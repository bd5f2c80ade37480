"""Order files of any size for measurements."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

ORDERS_A_CUSTOMER = 2.7
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)


def write_orders(file: Path, orders: int) -> int:
    """Write so many orders by time, the same each time; gives back the points they earn.

    The number of orders a customer is geometric (mean 2.7), the amounts are log-normal, and there
    is no order id: the shape of the CDNOW sample, at any size.
    """
    rng = random.Random(orders)  # noqa: S311 - repetition, not secrecy.
    rows, customer, seconds = list[tuple[float, int, int]](), 0, 0.0
    while len(rows) < orders:
        if customer == 0 or rng.random() < 1 / ORDERS_A_CUSTOMER:
            customer, seconds = customer + 1, rng.uniform(0, 90 * 86_400)
        rows.append((seconds, customer, round(100 * rng.lognormvariate(3.3, 0.8))))
        seconds += rng.expovariate(1 / (75 * 86_400))
    rows.sort()
    with file.open("w", newline="", encoding="ascii") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("customer_id", "ordered_at", "amount", "currency"))
        for moment, number, minor in rows:
            at = f"{FIRST_DAY + timedelta(seconds=int(moment)):%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow((number, at, f"{minor // 100}.{minor % 100:02}", "USD"))
    return sum(minor // 100 for _, _, minor in rows)
