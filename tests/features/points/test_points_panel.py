"""The points panel of the overview: the rules in force, and what is still to come."""

from decimal import Decimal

from sqlalchemy import text

from tests.entry.test_dashboard import sign_in
from tests.factories import make_tenant
from tests.features.points import buying
from tests.features.points.buying import at
from webapp.app import create_app
from webapp.features.points.messages import OrderRange
from webapp.features.points.messages.rules import NewRules
from webapp.features.points.queries.outlook import Liabilities, liabilities
from webapp.features.points.service import award_orders
from webapp.features.points.service.rules import change_rules
from webapp.parts import Parts


def test_the_panel_says_what_is_in_force_pending_owed_and_expiring(held: Parts) -> None:
    tenant = make_tenant(held.database, currency="EUR")
    web = create_app(held).test_client()
    sign_in(held, web, tenant)
    page = web.get("/admin/").text
    assert "1 point for each €1.00" in page and "Owed by members" not in page
    with held.database.transaction(tenant.merchant_id) as ctx:
        now, ctx.now = ctx.now, at("2026-01-01")
        rates = {tenant.store_id: Decimal("1.5")}
        change_rules(ctx, NewRules(14, "unlimited", 60, "import", 0, 0, rates))
        ctx.now = now
        member = buying.meet(ctx, tenant.store_id)
        for minor, when in ((10_00, "2026-02-01"), (20_00, "2026-03-13")):
            buying.buy(ctx, tenant.store_id, member, minor, at(when))
        award_orders(ctx, OrderRange(tenant.store_id, 0, 10**15), live=True)
        deficit = (
            "insert into points_deficits (merchant_id, customer_id, points) values (:m, :c, 7)"
        )
        ctx.db.execute(text(deficit), {"m": ctx.merchant_id, "c": member})
        assert liabilities(ctx, at("2026-04-13")) == Liabilities(30, 7, 15)
    page = web.get("/admin/").text
    for said in ("15 points for each €10.00", "14 days", "60 days", "may fall below zero"):
        assert said in page
    for figure in ("Cannot be spent yet", "Expire within 30 days", "Owed by members"):
        assert figure in page


def test_the_panel_speaks_of_the_first_stores_only(held: Parts) -> None:
    tenant = make_tenant(held.database, currency="EUR")
    for _ in range(6):
        buying.add_store(held.database, tenant, "JPY")
    web = create_app(held).test_client()
    sign_in(held, web, tenant)
    assert web.get("/admin/").text.count("1 point for each") == 5
