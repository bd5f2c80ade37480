"""A/B tests from the first look of a customer to the verdict."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.factories import FixedClock, Tenant, make_tenant, signed_query
from webapp.app import create_app
from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.errors import AppError
from webapp.features.theme import service
from webapp.features.theme.domain.experiments import Version, arm_of
from webapp.features.theme.jobs import forget_customers, note_redemptions
from webapp.features.theme.messages import WidgetConfig
from webapp.features.theme.models import WidgetTest
from webapp.features.theme.queries import experiments
from webapp.features.theme.queries.configuration import configured
from webapp.features.theme.queries.experiments import Figures
from webapp.features.theme.service.publishing import published
from webapp.parts import Parts

B = WidgetConfig("rewards_panel", "cart_page", accent="#aa2200")
Seen = Callable[..., Any]


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


@pytest.fixture
def seen(held: Parts, web: FlaskClient, tenant: Tenant) -> Seen:
    """A page of the shop asks for the pixel of a test, for a customer."""

    def ask(test_id: str, customer: str = "7", **more: str) -> Any:
        query = signed_query(tenant, held.clock.wall(), customer, page="cart_page", **more)
        return web.get(f"/proxy/seen/{test_id}?{query}")

    return ask


def begin(held: Parts, tenant: Tenant, goal: str = "redemption", days: int = 7) -> str:
    with held.database.transaction(tenant.merchant_id) as ctx:
        return service.start_test(ctx, B, goal, days)


def figures(held: Parts, tenant: Tenant, test_id: str) -> Figures:
    with held.database.transaction(tenant.merchant_id) as ctx:
        return experiments.figures(ctx, ctx.db.get_one(WidgetTest, (ctx.merchant_id, test_id)))


def rows(held: Parts, tenant: Tenant, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with held.database.transaction(tenant.merchant_id) as ctx:
        return [tuple(row) for row in ctx.db.execute(text(sql), values)]


def of_arm(held: Parts, tenant: Tenant, test_id: str, arm: str, count: int) -> list[str]:
    """Numbers of customers who see that version."""
    [(key,)] = rows(held, tenant, "select key from widget_tests where test_id = :id", id=test_id)
    found = (str(n) for n in range(1, 10_000) if arm_of(key, str(n)) == arm)
    return [next(found) for _ in range(count)]


def redeem(ctx: Context, tenant: Tenant, customer: str, at: Any) -> None:
    said = {"store_id": tenant.store_id, "external_id": customer, "at": at.isoformat()}
    note_redemptions(ctx, [Message(1, "points.redeemed", "rdm_1", said, 1)])


def test_the_pixel_is_a_picture_and_the_first_look_counts(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant)
    first = clock.now()
    answer = seen(test_id)
    assert (answer.mimetype, answer.data[:6], answer.data[-1:]) == ("image/gif", b"GIF89a", b";")
    assert answer.headers["Cache-Control"] == "private, max-age=86400"
    clock.advance(hours=1)
    seen(test_id)
    [(arm, at)] = rows(held, tenant, "select arm, exposed_at from widget_exposures")
    assert at == first
    [(key,)] = rows(held, tenant, "select key from widget_tests")
    assert arm == arm_of(key, "7")


def test_what_is_shown_is_in_the_audit_log_once_a_day(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant)
    for customer in ("7", "8"):
        seen(test_id, customer)
    sql = "select metadata from audit_logs where action = 'theme_widget_rendered'"
    [(said,)] = rows(held, tenant, sql)
    assert (said["widget"], said["placement"]) == ("rewards_panel", "cart_page")
    clock.advance(days=1)
    seen(test_id)
    assert len(rows(held, tenant, sql)) == 2


@pytest.mark.parametrize("customer", ["", "7"])
def test_guests_and_strange_tests_leave_nothing_behind(
    held: Parts, tenant: Tenant, seen: Seen, customer: str
) -> None:
    test_id = begin(held, tenant)
    answer = seen(test_id if not customer else "exp_other", customer)
    assert (answer.status_code, answer.mimetype) == (200, "image/gif")
    assert rows(held, tenant, "select * from widget_exposures") == []


def test_a_wrong_signature_is_a_picture_that_says_nothing(
    held: Parts, tenant: Tenant, web: FlaskClient
) -> None:
    test_id = begin(held, tenant)
    query = signed_query(tenant, held.clock.wall(), "7").replace("customer_id=7", "customer_id=8")
    answer = web.get(f"/proxy/seen/{test_id}?{query}")
    assert (answer.status_code, answer.mimetype) == (200, "image/gif")
    assert answer.headers["X-LoyalNest-Error"] == "signature_invalid"
    assert rows(held, tenant, "select * from widget_exposures") == []


def test_another_merchants_test_is_not_there(held: Parts, tenant: Tenant, seen: Seen) -> None:
    test_id = begin(held, make_tenant(held.database, access_token="shpat_2"))
    seen(test_id)
    assert rows(held, tenant, "select * from widget_exposures") == []


def test_redemptions_count_from_the_first_look_to_the_end_of_the_days(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant, days=2)
    early, late, right, twice = of_arm(held, tenant, test_id, "b", 4)
    (other,) = of_arm(held, tenant, test_id, "a", 1)
    for customer in (early, late, right, twice, other):
        seen(test_id, customer)
    look = clock.now()
    with held.database.transaction(tenant.merchant_id) as ctx:
        redeem(ctx, tenant, early, look - timedelta(seconds=1))
        redeem(ctx, tenant, late, look + timedelta(days=2, seconds=1))
        redeem(ctx, tenant, right, look + timedelta(days=2))
        redeem(ctx, tenant, twice, look + timedelta(hours=9))
        redeem(ctx, tenant, twice, look + timedelta(hours=3))
    assert figures(held, tenant, test_id).waiting == 5
    clock.advance(days=2)
    found = figures(held, tenant, test_id)
    assert (found.a, found.b) == (Version(1, 0), Version(4, 2))
    assert (found.seen, found.waiting, found.crossed) == ((1, 4), 0, 0)
    sql = "select redeemed_at from widget_exposures where external_id = :customer"
    assert rows(held, tenant, sql, customer=twice) == [(look + timedelta(hours=3),)]


def test_a_redemption_that_is_told_twice_counts_once(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant, days=1)
    seen(test_id)
    for _ in range(2):
        with held.database.transaction(tenant.merchant_id) as ctx:
            redeem(ctx, tenant, "7", clock.now())
    clock.advance(days=1)
    found = figures(held, tenant, test_id)
    assert found.a.successes + found.b.successes == 1


ORDER = """
with person as (
    insert into users (merchant_id, customer_id, shared_customer_id)
    values ('{m}', '{c}', 'shc_{c}')
), known as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    values ('{m}', '{s}', '{e}', '{c}')
)
select 1
"""
PLACED = """
insert into orders (merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor,
    cancelled_at)
values ('{m}', '{s}', '{o}', '{c}', '{at}', 100, {cancelled})
returning 1
"""


def test_orders_count_while_they_are_not_cancelled(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant, goal="order", days=2)
    buyer, sorry, before = of_arm(held, tenant, test_id, "b", 3)
    look = clock.now()
    placed = {buyer: look + timedelta(days=1), sorry: look, before: look - timedelta(days=1)}
    for number, (customer, at) in enumerate(placed.items()):
        seen(test_id, customer)
        told = {"m": tenant.merchant_id, "s": tenant.store_id, "e": customer, "c": f"cus_{number}"}
        rows(held, tenant, ORDER.format(**told))
        cancelled = f"'{at}'" if customer == sorry else "null"
        rows(held, tenant, PLACED.format(**told, o=number, at=at, cancelled=cancelled))
    clock.advance(days=2)
    assert figures(held, tenant, test_id).b == Version(3, 1)


def test_a_member_who_saw_both_versions_is_left_out(
    held: Parts, tenant: Tenant, seen: Seen, clock: FixedClock
) -> None:
    test_id = begin(held, tenant, days=1)
    (one,), (other,) = (of_arm(held, tenant, test_id, arm, 1) for arm in ("a", "b"))
    for number, customer in enumerate((one, other)):
        seen(test_id, customer)
        told = {"m": tenant.merchant_id, "s": tenant.store_id, "e": customer, "c": f"cus_{number}"}
        rows(held, tenant, ORDER.format(**told))
    join = "update users set merged_into = 'cus_0' where customer_id = 'cus_1' returning 1"
    rows(held, tenant, join)
    clock.advance(days=1)
    found = figures(held, tenant, test_id)
    assert (found.a, found.b, found.crossed) == (Version(0, 0), Version(0, 0), 1)


def test_the_stores_are_told_both_versions(held: Parts, tenant: Tenant) -> None:
    test_id = begin(held, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        entries = published(configured(ctx), experiments.running_tests(ctx))
    test = entries["rewards_panel"]["test"]
    assert (test["id"], test["arms"], len(test["key"])) == (test_id, "89abcdef", 32)
    assert test["variant"]["accent"] == "#aa2200"
    assert "accent" not in entries["rewards_panel"]


def test_a_tested_widget_stays_as_it_is(held: Parts, tenant: Tenant) -> None:
    begin(held, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        for change in (
            lambda: service.save_widget(ctx, WidgetConfig("rewards_panel", "home_page")),
            lambda: service.start_test(ctx, B, "order", 7),
        ):
            with pytest.raises(AppError) as error:
                change()
            assert error.value.kind.code == "test_running"
        service.save_widget(ctx, WidgetConfig("points_display", "home_page"))


@pytest.mark.parametrize(
    ("variant", "goal", "days", "code"),
    [
        (WidgetConfig("rewards_panel"), "order", 7, "nothing_to_test"),
        (B, "fame", 7, "invalid_value"),
        (B, "order", 0, "invalid_value"),
        (B, "order", 31, "invalid_value"),
        (WidgetConfig("clock"), "order", 7, "invalid_value"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    held: Parts, tenant: Tenant, variant: WidgetConfig, goal: str, days: int, code: str
) -> None:
    with (
        held.database.transaction(tenant.merchant_id) as ctx,
        pytest.raises(AppError) as error,
    ):
        service.start_test(ctx, variant, goal, days)
    assert error.value.kind.code == code


@pytest.mark.parametrize("take_b", [True, False])
def test_a_test_ends_with_a_choice(held: Parts, tenant: Tenant, seen: Seen, take_b: bool) -> None:
    test_id = begin(held, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        service.end_test(ctx, test_id, take_b=take_b)
        assert configured(ctx).get("rewards_panel") == (B if take_b else None)
        assert "test" not in published(configured(ctx), experiments.running_tests(ctx)).get(
            "rewards_panel", {}
        )
        with pytest.raises(AppError):
            service.end_test(ctx, test_id, take_b=True)
    seen(test_id)
    assert rows(held, tenant, "select * from widget_exposures") == []


def test_who_is_forgotten_saw_nothing(held: Parts, tenant: Tenant, seen: Seen) -> None:
    test_id = begin(held, tenant)
    for customer in ("7", "8"):
        seen(test_id, customer)
    said = {"store_id": tenant.store_id, "customers": ["7"]}
    with held.database.transaction(tenant.merchant_id) as ctx:
        forget_customers(ctx, [Message(1, "customers.redacted", "peo_1", said, 1)])
    assert rows(held, tenant, "select external_id from widget_exposures") == [("8",)]
