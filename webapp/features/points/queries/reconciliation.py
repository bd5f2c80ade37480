"""What reconciliations found, store by store, customer by customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.queries.accuracy import SHOWN


@dataclass(frozen=True, slots=True)
class Run:
    """One reconciliation, see `models.SyncRun`."""

    run_id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    matched: int
    mismatched: int
    pending: int
    repaired: int
    unread: int
    p95_lag_ms: int | None
    ledger_ok: bool
    off: int
    differences: list[Mapping[str, Any]]

    @property
    def judged(self) -> int:
        """How many customers of stores were found right or wrong."""
        return self.matched + self.mismatched


def runs(ctx: Context, most: int) -> tuple[Run, ...]:
    """The newest reconciliations, the newest first."""
    rows = ctx.db.execute(_RUNS, {"merchant_id": ctx.merchant_id, "most": most})
    return tuple(Run(*row) for row in rows)


_RUNS = text(
    """
    select run_id, kind, started_at, finished_at, matched, mismatched, pending, repaired, unread,
           p95_lag_ms, ledger_ok, off, differences
    from sync_runs where merchant_id = :merchant_id order by run_id desc limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A customer whose metafields were not as expected; of those that differ, key -> value."""

    run_id: int
    shop_domain: str
    external_id: str
    customer_id: str
    expected: Mapping[str, str]
    found: Mapping[str, str | None]
    found_at: datetime
    repaired_at: datetime | None


def mismatches(ctx: Context, most: int) -> tuple[Mismatch, ...]:
    """What was found wrong last, the newest first; of one customer once a run."""
    rows = ctx.db.execute(_MISMATCHES, {"merchant_id": ctx.merchant_id, "most": most})
    return tuple(Mismatch(*row) for row in rows)


_MISMATCHES = text(
    """
    select m.run_id, s.shop_domain, m.external_id, m.customer_id, m.expected, m.found, m.found_at,
           m.repaired_at
    from sync_mismatches m
    join stores s on s.merchant_id = m.merchant_id and s.store_id = m.store_id
    where m.merchant_id = :merchant_id
    order by m.run_id desc, m.store_id, m.external_id
    limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A customer that a store would not take, and in its words why."""

    shop_domain: str
    external_id: str
    customer_id: str
    reason: str
    refused_at: datetime


def refused(ctx: Context, most: int) -> tuple[Refused, ...]:
    """Customers whose cards a store refuses, the newest first."""
    rows = ctx.db.execute(_REFUSED, {"merchant_id": ctx.merchant_id, "most": most})
    return tuple(Refused(*row) for row in rows)


_REFUSED = text(
    """
    select s.shop_domain, p.external_id, coalesce(p.customer_id, ''), coalesce(p.reason, ''),
           p.pushed_at
    from metafield_projections p
    join stores s on s.merchant_id = p.merchant_id and s.store_id = p.store_id
    where p.merchant_id = :merchant_id and p.refused
    order by p.pushed_at desc, p.store_id, p.external_id
    limit :most
    """
)


@dataclass(frozen=True, slots=True)
class StoreState:
    """What one store shows: cards by whether they are there, on their way, or refused. `p95_lag_ms`
    is of the last changes of the past day."""

    store_id: str
    shop_domain: str
    connected: bool
    shown: int
    pending: int
    refused: int
    p95_lag_ms: int | None
    pushed_at: datetime | None


def store_states(ctx: Context) -> tuple[StoreState, ...]:
    """Every store, by its domain."""
    values = {"merchant_id": ctx.merchant_id, "wall": ctx.wall}
    return tuple(StoreState(*row) for row in ctx.db.execute(_STATES, values))


_STATES = text(
    f"""
    with cards as ({SHOWN}), counted as (
        select store_id, count(*) filter (where pushed and not refused) as shown,
               count(*) filter (where not pushed) as pending,
               count(*) filter (where pushed and refused) as refused,
               percentile_cont(0.95) within group (order by lag_ms)
                   filter (where pushed_at > cast(:wall as timestamptz) - interval '1 day') as lag,
               max(pushed_at) as pushed_at
        from cards group by store_id
    )
    select s.store_id, s.shop_domain, s.access_token is not null, coalesce(c.shown, 0),
           coalesce(c.pending, 0), coalesce(c.refused, 0), round(c.lag)::bigint, c.pushed_at
    from stores s left join counted c using (store_id)
    where s.merchant_id = :merchant_id
    order by s.shop_domain
    """  # noqa: S608 - made of constants
)
