"""How members see why they have these points: the points display, from the ledger to the HTML."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.factories import FixedClock, Tenant, make_tenant, signed_query
from tests.features.points import buying
from tests.features.points.buying import at
from webapp.app import create_app
from webapp.core import i18n
from webapp.core.cache import points_tag
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.features.points.domain.earning import whole_terms
from webapp.features.points.messages import OrderRange
from webapp.features.points.messages.rules import NewRules
from webapp.features.points.messages.tiers import NewTier
from webapp.features.points.models import ENTRY_TYPES
from webapp.features.points.queries.outlook import Outlook, outlook
from webapp.features.points.service import award_orders, ledger, tier_terms, tiers
from webapp.features.points.service.receipt_words import LABELS
from webapp.features.points.service.rules import change_rules
from webapp.parts import Parts

ZONE = "America/New_York"
POINTS = r'points" dir="ltr">([^<]+)<'


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database, currency="EUR", timezone=ZONE)


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


def rule(ctx: Context, tenant: Tenant, hold_days: int = 0, expiry_days: int | None = None) -> None:
    """Rules of two points a euro from the beginning of the year on."""
    rates = {tenant.store_id: Decimal(2)}
    now, ctx.now = ctx.now, at("2026-01-01")
    change_rules(ctx, NewRules(hold_days, "unlimited", expiry_days, "import", 0, 0, rates))
    ctx.now = now


def earn(ctx: Context, tenant: Tenant, home: str, *orders: tuple[int, str]) -> list[str]:
    """Paid orders of (minor units, moment), with their points; their keys."""
    keys = [buying.buy(ctx, tenant.store_id, home, minor, at(when)) for minor, when in orders]
    award_orders(ctx, OrderRange(tenant.store_id, 0, 10**15), live=True)
    return keys


def show(web: FlaskClient, tenant: Tenant, clock: FixedClock, customer: str, **more: str) -> str:
    web.application.extensions["loyalnest"].cache.drop([points_tag(customer)])
    query = signed_query(tenant, clock.wall(), customer, **{"locale": "en", **more})
    return web.get(f"/proxy/widgets/points_display?{query}").text


def test_an_order_is_explained_by_amount_rate_version_and_days(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        rule(ctx, tenant, hold_days=14, expiry_days=365)
        member = buying.meet(ctx, tenant.store_id)
        earn(ctx, tenant, member, (50_99, "2026-03-10T03:00"))
    html = show(web, tenant, clock, member)
    assert "How did I get these points?" in html and ">+101<" in html
    assert "Order at " in html and '<time datetime="2026-03-09">' in html
    (why,) = re.findall(r'<small class="ln-entry__why">(.*?)</small>', html)
    assert re.findall(r"<bdi>(.*?)</bdi>", why) == [
        "Counted: €50.99",
        "2 points for each €1.00",
        "Rules version 2",
        "Can be spent from Mar 23, 2026",
        "Can be spent until Mar 9, 2027",
    ]
    assert "101 points are on their way" in html
    assert "101 points can be spent from Mar 23, 2026" in html


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_numbers_days_and_direction_are_those_of_the_language(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock, tag: str
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        rule(ctx, tenant, expiry_days=30)
        member = buying.meet(ctx, tenant.store_id)
        earn(ctx, tenant, member, (1234_50, "2026-03-10T12:00"))
    html = show(web, tenant, clock, member, locale=tag)
    assert f'lang="{tag}" dir="{i18n.direction(tag)}"' in html
    assert f">+{i18n.number(tag, 2469)}<" in html
    assert i18n.money(tag, 1234_50, "EUR") in html
    assert i18n.day(tag, at("2026-04-09").date()) in html


def test_a_refund_names_its_order_and_older_lines_come_on_request(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        earn(ctx, tenant, member, *((n * 1_00, f"2026-02-{n:02}T12:00") for n in range(1, 26)))
        ctx.db.execute(
            text(
                "insert into points_transactions (merchant_id, customer_id, store_id, type, points,"
                " rule_version, occurred_at, order_id, idempotency_key) select merchant_id,"
                " customer_id, store_id, 'clawback', -25, 1, :at, order_id, 'refund:1'"
                " from points_transactions where points = 25"
            ),
            {"at": at("2026-03-01T12:00")},
        )
    html = show(web, tenant, clock, member)
    assert "Refund of your order of Feb 25, 2026 at " in html
    assert re.findall(POINTS, html) == ["\N{MINUS SIGN}25", *(f"+{n}" for n in range(25, 16, -1))]
    pages = []
    while older := re.search(r"before=(\d+)", html):
        html = show(web, tenant, clock, member, before=older[1])
        assert "Next steps" not in html and html.count("autofocus") == 1
        pages.append(re.findall(POINTS, html))
    assert pages == [[f"+{n}" for n in range(16, 6, -1)], [f"+{n}" for n in range(6, 0, -1)]]


def test_nobody_reads_the_history_of_another(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        member, other = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        earn(ctx, tenant, member, *((1_00, f"2026-02-{n:02}") for n in range(1, 15)))
        entry = ctx.db.scalar(text("select max(transaction_id) from points_transactions"))
    assert "ln-entry" in show(web, tenant, clock, member, before=str(entry))
    for who in (other, "", "unknown"):
        assert 'class="ln-entry"' not in show(web, tenant, clock, who, before=str(entry))
    whole = show(web, tenant, clock, member, before="1 or 1=1")
    assert "Next steps" in whole


def test_the_outlook_is_true_at_the_second_over_all_homes(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        rule(ctx, tenant, hold_days=1, expiry_days=10)
        member, other = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        earn(ctx, tenant, member, (10_00, "2026-03-05T12:00"), (20_00, "2026-03-14T11:00"))
        earn(ctx, tenant, other, (7_00, "2026-03-05T15:00"))
        buying.merge(ctx, member, other)
        first, second = (at(f"2026-03-{day}").date() for day in (15, 24))
        assert outlook(ctx, member) == Outlook(40, 40, first, 34, first, 0)
        # The last moment of the fifteenth in New York.
        ctx.now = at("2026-03-16T03:59:59")
        assert outlook(ctx, member) == Outlook(0, 0, None, 34, first, 0)
        ctx.now = at("2026-03-16T04:00")
        assert outlook(ctx, member) == Outlook(0, 0, None, 40, second, 0)


def test_a_bonus_says_what_it_is_for_and_a_tier_what_is_missing(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        rule(ctx, tenant)
        new = [
            NewTier({"en": "Leaf"}, "en", 100_00, Decimal("1.25")),
            NewTier({"en": "Tree"}, "en", 300_00, Decimal(2)),
        ]
        tier_terms.create_tiers(ctx, new)
        member = buying.meet(ctx, tenant.store_id)
        earn(ctx, tenant, member, (120_00, "2026-03-10T12:00"))
        for reason in ("birthday:2026", "signup", None):
            bonus = ledger.Credit(
                member, tenant.store_id, "bonus", 5, str(reason), ctx.now, reason=reason
            )
            ledger.credit(ctx, bonus)
    html = show(web, tenant, clock, member)
    assert "Your tier: Leaf" in html and "Spend €180.00 more to reach Tree" in html
    assert "Shop and earn 5 points for each €2.00" not in html
    assert "Shop and earn 25 points for each €10.00" in html
    for label in ("Bonus for your birthday", "Bonus for signing up", "<span>Bonus</span>"):
        assert label in html


@pytest.mark.parametrize(
    ("rate", "terms"),
    [
        ("2", (1, 2)),
        ("1.250000", (100, 125)),
        ("0.0061", (10_000, 61)),
        ("100", (1, 100)),
        ("0", (1, 0)),
    ],
)
def test_a_rate_is_told_in_whole_points(rate: str, terms: tuple[int, int]) -> None:
    assert whole_terms(Decimal(rate)) == terms


def test_a_tier_that_is_only_kept_says_until_when(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        tier_terms.create_tiers(ctx, [NewTier({"en": "Leaf"}, "en", 100_00, Decimal(1))])
        member = buying.meet(ctx, tenant.store_id)
        (key,) = earn(ctx, tenant, member, (120_00, "2026-03-10T12:00"))
        buying.cancel(ctx, key, ctx.now)
    assert "Your tier: Leaf" in show(web, tenant, clock, member)
    with database.transaction(tenant.merchant_id) as ctx:
        tiers.recompute(ctx, [member])
    assert "Your tier until Mar 14, 2027: Leaf" in show(web, tenant, clock, member)
    clock.at += timedelta(days=366)
    assert "Your tier" not in show(web, tenant, clock, member)


def test_every_kind_of_entry_has_a_name_and_a_correction_its_reason(
    database: Database, tenant: Tenant, web: FlaskClient, clock: FixedClock
) -> None:
    assert set(LABELS) == set(ENTRY_TYPES)
    with database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        why = "A parcel <lost>"
        credit = ledger.Credit(member, tenant.store_id, "adjust", 5, "a", ctx.now, reason=why)
        ledger.credit(ctx, credit)
    html = show(web, tenant, clock, member)
    assert "Correction" in html and "<bdi>A parcel &lt;lost&gt;</bdi>" in html
