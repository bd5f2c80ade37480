"""The Earning rules page, and the versions it makes."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import Tenant, make_tenant
from tests.features.points import buying
from tests.features.points.buying import at
from webapp.app import create_app
from webapp.core import i18n
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points.messages.rules import NewRules
from webapp.features.points.messages.tiers import NewTier
from webapp.features.points.pages.rule_words import history
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.queries.rules import rule_at, rules
from webapp.features.points.service import tier_terms
from webapp.features.points.service.rules import change_rules
from webapp.parts import Parts

NEW = NewRules(14, "unlimited", 365, "order", 50, 25)
FIELDS = {
    "hold_days": "14",
    "return_policy": "unlimited",
    "expiry_days": "365",
    "imports_expire_from": "order",
    "signup_points": "50",
    "birthday_points": "25",
    "valid_from": "",
}


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database, currency="EUR")


@pytest.fixture
def web(held: Parts, tenant: Tenant) -> FlaskClient:
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    return client


def send(web: FlaskClient, action: str, **fields: object) -> tuple[int, str]:
    """(status, page) after a form of the page was sent."""
    token = re.search(r'name="form_token" value="([^"]+)"', web.get("/admin/rules").text)
    assert token
    form = {"form_token": token[1], **fields}
    response = web.post(f"/admin/rules/{action}", data=form, follow_redirects=True)
    return response.status_code, response.text


def test_saving_makes_a_version_and_the_older_ones_stay(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    rate = f"rate-{tenant.store_id}"
    assert send(web, "save", **FIELDS, **{rate: "1,5"})[0] == 200
    assert send(web, "save", **FIELDS, **{rate: "0.0061"})[0] == 200
    status, page = send(web, "save", **FIELDS, **{rate: "0.006100"})
    assert status == 200 and "in force already: version 3" in page
    with database.transaction(tenant.merchant_id) as ctx:
        assert [rule.version for rule in rules(ctx)] == [1, 2, 3]
        assert [rule.rate(tenant.store_id) for rule in rules(ctx)] == [
            Decimal(1),
            Decimal("1.5"),
            Decimal("0.0061"),
        ]
        now = rule_at(ctx, ctx.now)
        assert (now.version, now.hold_days, now.expiry_days) == (3, 14, 365)
        assert (now.return_policy, now.imports_expire_from) == ("unlimited", "order")
        assert (now.signup_points, now.birthday_points) == (50, 25)
        audited = "select metadata from audit_logs where action = 'points_rules_changed'"
        assert [m["version"] for m in ctx.db.scalars(text(audited))] == [2, 3]


def test_a_chosen_moment_is_one_of_the_programmes_zone(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    assert send(web, "program", timezone="America/New_York", currency="EUR")[0] == 200
    later = {**FIELDS, "valid_from": "2026-07-01T00:00", f"rate-{tenant.store_id}": "2"}
    status, page = send(web, "save", **later)
    assert status == 200 and "Planned" in page
    with database.transaction(tenant.merchant_id) as ctx:
        before, after = at("2026-07-01T03:59"), at("2026-07-01T04:00")
        assert [rule_at(ctx, when).version for when in (ctx.now, before, after)] == [1, 1, 2]


def test_a_later_version_replaces_a_planned_one(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        rates = {tenant.store_id: Decimal(3)}
        planned = NewRules(0, "unlimited", None, "import", 0, 0, rates, at("2026-07-01"))
        assert [change_rules(ctx, planned), change_rules(ctx, NEW)] == [2, 3]
        assert rule_at(ctx, at("2026-08-01")).version == 3
        lines = history(rules(ctx), ctx.now, ZoneInfo("UTC"))
        assert [(line["rule"].version, line["state"]) for line in lines] == [
            (3, "current"),
            (2, "replaced"),
            (1, "past"),
        ]


REFUSED = [
    {"hold_days": "-1"},
    {"hold_days": "366"},
    {"return_policy": "none"},
    {"expiry_days": "0"},
    {"expiry_days": "3661"},
    {"imports_expire_from": "never"},
    {"signup_points": "1000001"},
    {"birthday_points": "one"},
    {"valid_from": "tomorrow"},
    {"valid_from": "2026-01-01T00:00"},
    {"valid_from": "2028-01-01T00:00"},
    {"valid_from": "2026-07-01T00:00+02:00"},
    {"rate": "-1"},
    {"rate": "0.0000001"},
    {"rate": "1000001"},
    {"rate": "Infinity"},
]


@pytest.mark.parametrize("wrong", REFUSED, ids=str)
def test_what_cannot_be_is_refused_and_everything_entered_is_kept(
    web: FlaskClient, database: Database, tenant: Tenant, wrong: dict[str, str]
) -> None:
    name = f"rate-{tenant.store_id}"
    fields = {**FIELDS, name: "7", **wrong}
    fields[name] = wrong.get("rate", "7")
    status, page = send(web, "save", **fields)
    assert status == 422 and 'role="alert"' in page
    kept = {field: value for field, value in fields.items() if field in (name, "signup_points")}
    assert all(f'value="{value}"' in page for value in kept.values())
    with database.transaction(tenant.merchant_id) as ctx:
        assert len(rules(ctx)) == 1


def test_a_refusal_speaks_the_persons_language_and_names_the_field(
    held: Parts, tenant: Tenant
) -> None:
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        ctx.db.execute(text("update admin_users set locale = 'de'"))
    page = send(client, "save", **{**FIELDS, "hold_days": "x", f"rate-{tenant.store_id}": "1"})[1]
    label = i18n.text("de", "rules.hold", "Can be spent after")
    english = "%(field)s has a value that cannot be used: %(value)s"
    assert i18n.text("de", "error.invalid_value", english, field=label, value="x") in page


def test_a_preview_counts_the_last_30_days_and_saves_nothing(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        buying.buy(ctx, tenant.store_id, member, 19_99, at("2026-03-01"))
        buying.buy(ctx, tenant.store_id, member, 1_50, at("2026-03-02"))
        buying.buy(ctx, tenant.store_id, member, 500_00, at("2026-01-01"))
        buying.cancel(
            ctx, buying.buy(ctx, tenant.store_id, member, 900_00, at("2026-03-02")), ctx.now
        )
    status, page = send(web, "preview", **FIELDS, **{f"rate-{tenant.store_id}": "2"})
    figures = re.findall(r'<td class="figure">(\d+)</td>', page)
    assert (status, figures) == (200, ["2", "20", "42"])
    with database.transaction(tenant.merchant_id) as ctx:
        assert len(rules(ctx)) == 1


def test_another_currency_keeps_the_figures_of_thresholds(
    web: FlaskClient, database: Database, tenant: Tenant
) -> None:
    buying.add_store(database, tenant, "JPY")
    send(web, "program", timezone="UTC", currency="EUR")
    with database.transaction(tenant.merchant_id) as ctx:
        new = [NewTier({"en": name}, "en", n, Decimal(1)) for name, n in (("A", 40), ("B", 500_00))]
        tier_terms.create_tiers(ctx, [*new, NewTier({"en": "C"}, "en", 60, Decimal(1))])
    assert send(web, "program", timezone="Asia/Tokyo", currency="JPY")[0] == 200
    with database.transaction(tenant.merchant_id) as ctx:
        assert [t.threshold for t in stored.tiers(ctx)] == [1, 2, 500]
        assert (program(ctx).currency, program(ctx).zone.key) == ("JPY", "Asia/Tokyo")
    for timezone, currency in (("Mars/Olympus", "JPY"), ("UTC", "GBP"), ("", "")):
        assert send(web, "program", timezone=timezone, currency=currency)[0] == 422


def test_another_merchants_store_has_no_rate_here(database: Database, tenant: Tenant) -> None:
    other = make_tenant(database)
    rates = {other.store_id: Decimal(5)}
    with (
        pytest.raises(AppError, match="invalid_value"),
        database.transaction(tenant.merchant_id) as ctx,
    ):
        change_rules(ctx, NewRules(0, "unlimited", None, "import", 0, 0, rates))


def test_a_version_can_neither_be_changed_nor_taken_away(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        change_rules(ctx, NEW)
    for sql in ("update points_rules set hold_days = 0", "delete from points_rates"):
        with (
            pytest.raises(Exception, match="permission denied"),
            database.transaction(tenant.merchant_id) as ctx,
        ):
            ctx.db.execute(text(sql))


def test_a_version_begins_when_it_was_saved(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        change_rules(ctx, NEW)
        assert rules(ctx)[-1].valid_from == datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "value", "written"),
    [("de", "0.006100", "0,0061"), ("en", "1234.5", "1,234.5"), ("fa", "2.000000", "2")],
)
def test_a_rate_is_written_with_all_its_decimals(tag: str, value: str, written: str) -> None:
    assert i18n.decimal(tag, Decimal(value)) == written
