"""The dashboard: one-time sign-in, own tenant only, every language, no surprises."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from jobs.drain import drain_for
from tests.factories import Tenant, import_orders, make_tenant, write_orders
from webapp.app import create_app
from webapp.core import discovery, i18n
from webapp.features.accounts import service as accounts
from webapp.parts import Parts


def sign_in(parts: Parts, web: FlaskClient, tenant: Tenant, role: str = "owner") -> str:
    """Sign `web` in as a new person of the tenant; gives back the token that was used."""
    with parts.database.transaction(tenant.merchant_id) as ctx:
        token = accounts.create_sign_in_link(ctx, accounts.add_admin(ctx, "Robin", role))
    assert web.get(f"/admin/sign-in?token={token}").status_code == 302
    return token


@pytest.fixture
def tenant(committed: Parts, web: FlaskClient, tmp_path: Path) -> Tenant:
    """A signed-in merchant with three customers' orders, all worked."""
    made = make_tenant(committed.database)
    rows = [f"{c},2026-01-0{c},{c}00.00,USD" for c in range(1, 4)]
    import_orders(committed.database, made, write_orders(tmp_path / "orders.csv", *rows))
    for handler in ("points.award_orders", "rfm.absorb_and_score"):
        while drain_for(committed, handler, 1):
            continue
    sign_in(committed, web, made)
    return made


def test_overview_shows_totals_points_and_segments(web: FlaskClient, tenant: Tenant) -> None:
    page = web.get("/admin/").text
    for shown in ("orders.csv", "$600.00", tenant.shop, "Champions", '"type": "bar"'):
        assert shown in page


def test_another_tenant_is_nowhere_on_the_page(
    committed: Parts, web: FlaskClient, tenant: Tenant, tmp_path: Path
) -> None:
    other = make_tenant(committed.database)
    import_orders(
        committed.database, other, write_orders(tmp_path / "theirs.csv", "9,2026-01-01,7777,USD")
    )
    for address in ("/admin/", "/admin/panels/imports"):
        page = web.get(address, headers={"HX-Request": "true"}).text
        assert other.shop not in page
        assert "theirs.csv" not in page


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_overview_speaks_every_language(web: FlaskClient, tenant: Tenant, locale: str) -> None:
    page = web.get(f"/admin/?locale={locale}").text
    assert f'<html lang="{locale}" dir="{i18n.direction(locale)}">' in page
    assert ("Latest imports" in page) == (locale == "en")


def test_chosen_language_stays(web: FlaskClient, tenant: Tenant) -> None:
    web.get("/admin/?locale=he")
    assert 'dir="rtl"' in web.get("/admin/").text


@pytest.mark.parametrize("address", ["/admin/", "/admin/panels/imports"])
def test_nobody_gets_in_without_signing_in(committed: Parts, address: str) -> None:
    answer = create_app(committed).test_client().get(address, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (401, "sign_in_required")


def test_used_link_does_not_open_a_second_session(
    committed: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    token = sign_in(committed, web, tenant)
    stranger = create_app(committed).test_client()
    answer = stranger.get(f"/admin/sign-in?token={token}", headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (
        401,
        "sign_in_link_invalid",
    )
    assert 'lang="de"' in answer.text


def test_look_ahead_does_not_use_the_link_up(committed: Parts, web: FlaskClient) -> None:
    tenant = make_tenant(committed.database)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        token = accounts.create_sign_in_link(ctx, accounts.add_admin(ctx, "Robin", "owner"))
    assert web.head(f"/admin/sign-in?token={token}").status_code == 405
    assert web.get(f"/admin/sign-in?token={token}").status_code == 302


def test_signing_out_ends_the_session(web: FlaskClient, tenant: Tenant) -> None:
    assert web.post("/admin/sign-out").status_code == 302
    assert web.get("/admin/").status_code == 401


def test_session_cookie_is_strict_enough(committed: Parts, web: FlaskClient) -> None:
    tenant = make_tenant(committed.database)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        token = accounts.create_sign_in_link(ctx, accounts.add_admin(ctx, "Robin", "owner"))
    cookie = web.get(f"/admin/sign-in?token={token}").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_analyst_sees_only_what_the_role_permits(
    committed: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    sign_in(committed, web, tenant, "analyst")
    page = web.get("/admin/").text
    assert "Champions" in page
    assert "orders.csv" not in page
    panel = web.get("/admin/panels/imports", headers={"HX-Request": "true"})
    assert (panel.status_code, panel.headers["X-LoyalNest-Error"]) == (403, "permission_denied")


@pytest.mark.parametrize("name", [panel.name for _, panel in discovery.panels()])
def test_panel_alone_is_for_htmx_only(web: FlaskClient, tenant: Tenant, name: str) -> None:
    assert web.get(f"/admin/panels/{name}").status_code == 302
    alone = web.get(f"/admin/panels/{name}", headers={"HX-Request": "true"})
    assert alone.status_code == 200
    assert "<html" not in alone.text


def test_pages_are_private_and_not_framed(web: FlaskClient, tenant: Tenant) -> None:
    headers = web.get("/admin/").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, no-store"


def test_zero_byte_is_a_wrong_link_and_no_outage(web: FlaskClient) -> None:
    answer = web.get("/admin/sign-in?token=%00~x")
    assert answer.headers["X-LoyalNest-Error"] == "sign_in_link_invalid"


@pytest.mark.parametrize("address", ["/nothing", "/admin/nothing", "/static/../wsgi.py"])
def test_wrong_address_is_a_page_with_a_code(web: FlaskClient, address: str) -> None:
    answer = web.get(address, headers={"Accept-Language": "fr"})
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (404, "not_found")
    assert 'lang="fr"' in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_health_tells_whether_the_database_answers(web: FlaskClient) -> None:
    assert web.get("/healthz").json == {"status": "ok"}
    assert web.get("/readyz").json == {"status": "ok", "database": True}
