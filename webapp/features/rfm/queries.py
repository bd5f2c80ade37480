"""Reads of facts, scores and segments. The rules in SQL are those of `domain.scoring`; a property
test holds the two together."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.rfm.domain.scoring import SEGMENTS
from webapp.features.rfm.messages import ShopSegments


def _score(column: str, name: str, cast: str) -> str:
    cuts = (f"({column} > (cast(:{name} as {cast}[]))[{i}])::int" for i in range(1, 5))
    return f"1 + {' + '.join(cuts)}"


_SCORED = f"""
select customer_id, r, f, m, case
    when r >= 4 and f + m >= 8 then 'Champions'
    when r >= 3 and f + m >= 6 then 'Loyal'
    when r >= 4 then 'New'
    when f + m >= 5 then 'At-Risk'
    else 'Inactive' end as segment
from (
    select customer_id,
           {_score("last_day", "recency", "date")} as r,
           {_score("days", "frequency", "integer")} as f,
           {_score("net_minor", "monetary", "bigint")} as m
    from customer_stats
    where merchant_id = :merchant_id and store_id = :store_id
) as scores
"""  # noqa: S608 - columns and casts are written above


def count_segments(
    ctx: Context, store_id: str, cuts: Mapping[str, Sequence[Any]]
) -> dict[str, int]:
    """Customers in each segment under these cut-points (keys recency, frequency, monetary)."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, **cuts}
    sql = f"select segment, count(*) from ({_SCORED}) as scored group by segment"  # noqa: S608 - no outside text
    counts: dict[str, int] = {str(name): int(n) for name, n in ctx.db.execute(text(sql), values)}
    return {name: counts.get(name, 0) for name in SEGMENTS}


def newest(ctx: Context, store_id: str) -> tuple[Any, ...] | None:
    """(recency, frequency, monetary, customers, segments) of a shop's newest version."""
    sql = """
    select recency, frequency, monetary, customers, segments from rfm_cutpoints
    where merchant_id = :merchant_id and store_id = :store_id
    order by version desc limit 1
    """
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id}
    row = ctx.db.execute(text(sql), values).one_or_none()
    return tuple(row) if row else None


def scores_of(
    ctx: Context, store_id: str, cuts: Mapping[str, Sequence[Any]]
) -> dict[str, tuple[int, int, int, str]]:
    """customer id -> (R, F, M, segment) of a whole shop under these cut-points."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, **cuts}
    return {
        row[0]: (row[1], row[2], row[3], row[4]) for row in ctx.db.execute(text(_SCORED), values)
    }


def shops(ctx: Context) -> list[ShopSegments]:
    """Every store of the merchant, or the one the person looks at, with its newest scores."""
    values = {"merchant_id": ctx.merchant_id, "store": ctx.store_id}
    rows = ctx.db.execute(text(_SHOPS), values)
    return [
        ShopSegments(
            domain,
            currency,
            customers or 0,
            computed_at,
            dict(segments or {}),
            tuple(recency or ()),
            tuple(frequency or ()),
            tuple(monetary or ()),
        )
        for domain, currency, customers, computed_at, segments, recency, frequency, monetary in rows
    ]


_SHOPS = """
select s.shop_domain, s.currency, c.customers, c.computed_at, c.segments, c.recency, c.frequency,
       c.monetary
from stores s
left join lateral (
    select * from rfm_cutpoints
    where merchant_id = s.merchant_id and store_id = s.store_id
    order by version desc limit 1
) as c on true
where s.merchant_id = :merchant_id and (cast(:store as text) is null or s.store_id = :store)
order by s.shop_domain
"""
