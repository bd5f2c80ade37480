"""Orders made from a seed, and what must become of them, computed without any of our code."""

import csv
import gzip
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from tests.factories import Tenant, write_orders
from webapp.core.db import Database
from webapp.features.points.queries import checks

Row = tuple[str, str, str]
PRICES = ("0.50", "4.99", "9.99", "12.00", "14.37", "19.90", "24.95", "49.99", "129.00", "0.99")
SEGMENTS = ("Champions", "Loyal", "New", "At-Risk", "Inactive")


@dataclass(frozen=True)
class Figures:
    """A shop's numbers; the points three times: as ledger, balances and cards have them."""

    orders: int
    customers: int
    points: tuple[int, int, int]
    segments: Mapping[str, int]
    dead: int = 0


def made_up(orders: int, customers: int, seed: int = 2026) -> list[Row]:
    """(customer, day or moment, amount) in no order; every customer buys, some rows are alike."""
    chance = random.Random(seed)  # noqa: S311 - it makes test data, not secrets

    def row(customer: int) -> Row:
        day = f"2025-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        moment = f"{day}T{chance.randint(0, 23):02d}:30:00" if chance.random() < 0.5 else day
        return f"{1000 + customer}", moment, chance.choice(PRICES)

    rows = [row(customer) for customer in range(customers)]
    rows += [row(int(customers * chance.random() ** 2)) for _ in range(orders - customers - 200)]
    rows += chance.sample(rows, 200)
    chance.shuffle(rows)
    return rows


def write_rows(path: Path, rows: Iterable[Row], *more: str) -> Path:
    return write_orders(path, *(",".join((*row, "USD")) for row in rows), *more)


def read_rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", newline="") as lines:
        return [(r["customer_id"], r["ordered_at"], r["amount"]) for r in csv.DictReader(lines)]


def expected(rows: Iterable[Row]) -> Figures:
    """The rules of points, scores and segments once more, in plain Python."""
    points, orders = 0, 0
    days, spent = defaultdict[str, set[str]](set), Counter[str]()
    for customer, at, amount in rows:
        whole, _, fraction = amount.partition(".")
        points, orders = points + int(whole), orders + 1
        days[customer].add(at[:10])
        spent[customer] += int(whole) * 100 + int(fraction.ljust(2, "0"))
    recency = scores({customer: max(bought) for customer, bought in days.items()})
    frequency = scores({customer: len(bought) for customer, bought in days.items()})
    monetary = scores(spent)
    found = Counter(segment(recency[c], frequency[c] + monetary[c]) for c in days)
    segments = {name: found[name] for name in SEGMENTS}
    return Figures(orders, len(days), (points, points, points), segments)


def scores(values: Mapping[str, object]) -> dict[str, int]:
    """1 + the number of cut-points strictly below; a cut-point is the first value of n with at
    least that share of them up to it."""
    ranked = sorted(values.values())
    cuts = [ranked[math.ceil(share * len(ranked)) - 1] for share in (0.2, 0.4, 0.6, 0.8)]
    return {key: 1 + sum(cut < value for cut in cuts) for key, value in values.items()}


def segment(recency: int, spending: int) -> str:
    if recency >= 4 and spending >= 8:
        return "Champions"
    if recency >= 3 and spending >= 6:
        return "Loyal"
    if recency >= 4:
        return "New"
    return "At-Risk" if spending >= 5 else "Inactive"


def figures(database: Database, tenant: Tenant) -> Figures:
    """The same of a tenant, as the tables have it; the segments of the newest scoring."""
    with database.transaction(tenant.merchant_id, readonly=True) as ctx:
        one = ctx.db.execute(text(_FIGURES)).one()
        # Home by home, and not only in sum.
        assert checks.unbalanced(ctx, 9) == []
    return Figures(one.orders, one.customers, (one.ledger, one.users, one.cards), one.seg, one.dead)


# Row-level security keeps these to the tenant.
_FIGURES = """
select
    (select count(*) from orders) as orders,
    (select count(*) from users) as customers,
    (select coalesce(sum(points), 0)::bigint from points_transactions) as ledger,
    (select coalesce(sum(points_balance), 0)::bigint from users) as users,
    (select coalesce(sum(points), 0)::bigint from customer_cards) as cards,
    (select segments from rfm_cutpoints order by version desc limit 1) as seg,
    (select count(*) from deliveries where dead_at is not null) as dead
"""
