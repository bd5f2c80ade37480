"""A/B tests of widgets: begun and ended by the merchant, and what customers see and do in between.

While a test runs, the widget's configuration stays as it was when it began, so that both versions
are one and the same thing throughout.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, NOT_FOUND, AppError
from webapp.core.messages import decode
from webapp.core.words import new_id
from webapp.features.theme.domain.experiments import arm_of
from webapp.features.theme.messages import NOTHING_TO_TEST, TEST_RUNNING, WidgetConfig
from webapp.features.theme.models import WidgetExposure, WidgetTest
from webapp.features.theme.queries.configuration import configured
from webapp.features.theme.queries.experiments import running
from webapp.features.theme.service.configuration import check, save_widget
from webapp.features.theme.service.publishing import compact, publish
from webapp.features.theme.service.renders import note_render

WIDGET_TEST_STARTED, WIDGET_TEST_ENDED = "widget_test_started", "widget_test_ended"
GOALS = ("redemption", "order")
MOST_DAYS = 30


def start_test(ctx: Context, variant: WidgetConfig, goal: str, window_days: int) -> str:
    """Show half of the signed-in customers the widget as it is configured (A), and the others the
    variant (B); the id of the test. Raises AppError: invalid_value, test_running for a widget that
    has one already, nothing_to_test where both would be the same."""
    check(variant)
    if goal not in GOALS:
        raise AppError(INVALID_VALUE, field="goal", value=goal or "-")
    if not 1 <= window_days <= MOST_DAYS:
        raise AppError(INVALID_VALUE, field="window_days", value=str(window_days))
    if running(ctx, variant.widget) is not None:
        raise AppError(TEST_RUNNING)
    ordinary = configured(ctx).get(variant.widget, WidgetConfig(variant.widget))
    if compact(ordinary) == compact(variant):
        raise AppError(NOTHING_TO_TEST)
    values = {
        "merchant_id": ctx.merchant_id,
        "test_id": new_id("exp_"),
        "widget": variant.widget,
        "ordinary": compact(ordinary),
        "variant": compact(variant),
        "goal": goal,
        "window_days": window_days,
        "key": secrets.token_hex(16),
        "started_at": ctx.now,
    }
    begun = insert(WidgetTest).values(values).on_conflict_do_nothing().returning(WidgetTest.test_id)
    if ctx.db.scalar(begun) is None:
        # Somebody else has begun one at the same moment.
        raise AppError(TEST_RUNNING)
    said = {"test_id": values["test_id"], "widget": variant.widget, "goal": goal}
    ctx.audit(WIDGET_TEST_STARTED, **said, window_days=window_days)
    ctx.track(WIDGET_TEST_STARTED, widget=variant.widget, goal=goal)
    publish(ctx)
    return str(values["test_id"])


def end_test(ctx: Context, test_id: str, *, take_b: bool) -> None:
    """End a test, and keep A for everybody or use B from now on. What customers still do within
    their days counts. Raises AppError(not_found) for a test that is not running."""
    outcome = "took_b" if take_b else "kept_a"
    values = {
        "merchant_id": ctx.merchant_id,
        "test_id": test_id,
        "now": ctx.now,
        "outcome": outcome,
    }
    ended = ctx.db.execute(_END, values).one_or_none()
    if ended is None:
        raise AppError(NOT_FOUND)
    ctx.audit(WIDGET_TEST_ENDED, test_id=test_id, widget=ended.widget, outcome=outcome)
    ctx.track(WIDGET_TEST_ENDED, widget=ended.widget, outcome=outcome)
    if take_b:
        save_widget(ctx, decode(WidgetConfig, ended.variant))
    else:
        publish(ctx)


def note_exposure(ctx: Context, store_id: str, customer: str, test_id: str, page: str) -> bool:
    """That a store's customer was where the versions of a running test differ; the first time
    counts, and whether this was it is told. That the widget is shown there is noted as well."""
    test = ctx.db.get(WidgetTest, (ctx.merchant_id, test_id))
    if test is None or test.ended_at is not None:
        return False
    seen = insert(WidgetExposure).values(
        merchant_id=ctx.merchant_id,
        test_id=test_id,
        store_id=store_id,
        external_id=customer,
        arm=arm_of(test.key, customer),
        exposed_at=ctx.now,
    )
    first = ctx.db.scalar(seen.on_conflict_do_nothing().returning(WidgetExposure.arm)) is not None
    note_render(ctx, store_id, test.widget, page)
    return first


def note_redemptions(ctx: Context, happened: Sequence[tuple[str, str, datetime]]) -> None:
    """Rewards were redeemed: (store, the store's number of the customer, when). Of each customer
    the first within the days of a test counts for it."""
    rows = [{"store_id": s, "external_id": e, "at": at.isoformat()} for s, e, at in happened]
    values = {"merchant_id": ctx.merchant_id, "rows": json.dumps(rows)}
    ctx.db.execute(_REDEEMED, values)


def forget_customers(ctx: Context, store_id: str, customers: Iterable[str]) -> None:
    """Delete what these customers of a store saw."""
    values: dict[str, Any] = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": list(customers),
    }
    ctx.db.execute(_FORGET, values)


_END = text(
    """
    update widget_tests set ended_at = :now, outcome = :outcome
    where merchant_id = :merchant_id and test_id = :test_id and ended_at is null
    returning widget, variant
    """
)
_REDEEMED = text(
    """
    update widget_exposures e set redeemed_at = r.at
    from (
        select store_id, external_id, test_id, min(r.at) as at
        from jsonb_to_recordset(cast(:rows as jsonb))
            as r(store_id text, external_id text, at timestamptz)
        join widget_exposures x using (store_id, external_id)
        join widget_tests t using (merchant_id, test_id)
        where merchant_id = :merchant_id and r.at >= x.exposed_at
          and r.at <= x.exposed_at + make_interval(days => t.window_days)
        group by store_id, external_id, test_id
    ) r
    where e.merchant_id = :merchant_id and e.test_id = r.test_id and e.store_id = r.store_id
      and e.external_id = r.external_id and (e.redeemed_at is null or r.at < e.redeemed_at)
    """
)
_FORGET = text(
    """
    delete from widget_exposures
    where merchant_id = :merchant_id and store_id = :store_id and external_id = any(:customers)
    """
)
