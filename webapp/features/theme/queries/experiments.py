"""A/B tests, and what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from webapp.core.context import Context
from webapp.features.theme.domain.experiments import Version
from webapp.features.theme.models import WidgetTest

MOST_TESTS = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What a test came to: `a` and `b` count members whose days have passed, `seen` all members by
    version, `waiting` those who still have time. Members who saw both versions, as customers of two
    stores, are in `crossed` and nowhere else."""

    a: Version
    b: Version
    seen: tuple[int, int]
    waiting: int
    crossed: int


def running(ctx: Context, widget: str) -> WidgetTest | None:
    """The test of a widget that is running."""
    return running_tests(ctx).get(widget)


def running_tests(ctx: Context) -> Mapping[str, WidgetTest]:
    """Widget -> its test, of those that are running."""
    wanted = select(WidgetTest).where(
        WidgetTest.merchant_id == ctx.merchant_id, WidgetTest.ended_at.is_(None)
    )
    return {test.widget: test for test in ctx.db.scalars(wanted)}


def tests(ctx: Context) -> Sequence[WidgetTest]:
    """The last tests, the running ones first."""
    wanted = (
        select(WidgetTest)
        .where(WidgetTest.merchant_id == ctx.merchant_id)
        .order_by(WidgetTest.ended_at.desc().nulls_first(), WidgetTest.started_at.desc())
        .limit(MOST_TESTS)
    )
    return ctx.db.scalars(wanted).all()


def figures(ctx: Context, test: WidgetTest) -> Figures:
    """What the test has come to by now."""
    values = {
        "merchant_id": ctx.merchant_id,
        "test_id": test.test_id,
        "days": test.window_days,
        "now": ctx.now,
    }
    row = ctx.db.execute(_ORDERED if test.goal == "order" else _REDEEMED, values).one()
    return Figures(
        Version(row.members_a, row.successes_a),
        Version(row.members_b, row.successes_b),
        (row.seen_a, row.seen_b),
        row.waiting,
        row.crossed,
    )


# A person may be a customer of several stores: what they saw and did is put together. An order may
# come in late or be cancelled, so orders are read when the figures are; a redemption is noted when
# it happens, because it belongs to another feature.
_SQL = """
    with people as (
        select coalesce(u.merged_into, i.customer_id, e.store_id || ' ' || e.external_id) as person,
               min(e.arm) as arm, min(e.arm) <> max(e.arm) as crossed,
               min(e.exposed_at) as exposed_at, bool_or({success}) as success
        from widget_exposures e
        left join customer_identities i on i.merchant_id = e.merchant_id
            and i.store_id = e.store_id and i.external_id = e.external_id
        left join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
        where e.merchant_id = :merchant_id and e.test_id = :test_id
        group by 1
    ), judged as (
        select *, exposed_at + make_interval(days => :days) <= :now as over from people
    )
    select count(*) filter (where arm = 'a' and over and not crossed) as members_a,
           count(*) filter (where arm = 'a' and over and not crossed and success) as successes_a,
           count(*) filter (where arm = 'b' and over and not crossed) as members_b,
           count(*) filter (where arm = 'b' and over and not crossed and success) as successes_b,
           count(*) filter (where arm = 'a' and not crossed) as seen_a,
           count(*) filter (where arm = 'b' and not crossed) as seen_b,
           count(*) filter (where not over and not crossed) as waiting,
           count(*) filter (where crossed) as crossed
    from judged
"""
_REDEEMED = text(_SQL.format(success="e.redeemed_at is not null"))
_ORDERED = text(
    _SQL.format(
        success="""exists (
            select from orders o
            where o.merchant_id = e.merchant_id and o.store_id = e.store_id
              and o.customer_id = i.customer_id and o.cancelled_at is null
              and o.ordered_at >= e.exposed_at
              and o.ordered_at <= e.exposed_at + make_interval(days => :days)
        )"""
    )
)
