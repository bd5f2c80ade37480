"""The Widgets page, and the preview in its frames."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock, Tenant, make_tenant
from webapp.app import create_app
from webapp.features.theme import service
from webapp.features.theme.messages import WidgetConfig
from webapp.features.theme.queries.configuration import configured
from webapp.parts import Parts

FORM = {"widget": "points_display", "placement": "cart_page"}


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


@pytest.fixture
def admin(held: Parts, tenant: Tenant) -> FlaskClient:
    client = create_app(held).test_client()
    sign_in(held, client, tenant)
    return client


def post(admin: FlaskClient, action: str, **said: str) -> TestResponse:
    page = admin.get("/admin/widgets").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    return admin.post(f"/admin/widgets/{action}", data={"form_token": token[1], **FORM, **said})


def frame(page: str) -> str:
    found = re.search(r'src="(/previews/[^"]+)"', page)
    assert found
    return unescape(found[1])


def test_what_is_saved_is_shown_again(held: Parts, admin: FlaskClient, tenant: Tenant) -> None:
    said = {
        "accent": "#aa2200",
        "accent_own": "yes",
        "background": "#ffffff",
        "heading-ja": "ポイント",
    }
    assert post(admin, "save", **said).headers["Location"].endswith("widgets?widget=points_display")
    with held.database.transaction(tenant.merchant_id) as ctx:
        kept = configured(ctx)["points_display"]
    assert (kept.placement, kept.accent, kept.background) == ("cart_page", "#aa2200", None)
    page = admin.get("/admin/widgets?widget=points_display").text
    assert 'value="ポイント"' in page
    assert 'value="cart_page" selected' in page


def test_the_preview_shows_the_form_before_it_is_saved(
    held: Parts, admin: FlaskClient, tenant: Tenant
) -> None:
    said = {"heading-ja": "会員<ポイント>", "preview_locale": "ja"}
    page = post(admin, "preview", **said).text
    shown = admin.get(frame(page))
    assert 'lang="ja"' in shown.text
    assert "会員&lt;ポイント&gt;" in shown.text
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert configured(ctx) == {}


def test_a_preview_runs_nothing_and_loads_nothing(admin: FlaskClient) -> None:
    policy = admin.get(frame(admin.get("/admin/widgets").text)).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("locale", ["ar", "he", "fa"])
def test_a_preview_reads_from_the_right(admin: FlaskClient, locale: str) -> None:
    page = post(admin, "preview", preview_locale=locale, preview_guest="yes").text
    assert f'<html lang="{locale}" dir="rtl">' in admin.get(frame(page)).text


def test_an_address_is_ours_alone_and_ends(
    admin: FlaskClient, held: Parts, tenant: Tenant, clock: FixedClock
) -> None:
    address = frame(admin.get("/admin/widgets").text)
    assert admin.get(address[:-2] + "xx").status_code == 404
    assert admin.get("/previews/bm8").status_code == 404
    clock.advance(hours=2)
    assert admin.get(address).status_code == 404


def test_low_contrast_is_said_beside_the_preview(admin: FlaskClient) -> None:
    said = {"background": "#ffff00", "background_own": "y", "text": "#ffffff", "text_own": "y"}
    page = post(admin, "preview", **said).text
    assert "can hardly be read" in page
    assert "#000000" in page


def test_a_refused_form_keeps_what_was_entered(admin: FlaskClient) -> None:
    answer = post(admin, "save", placement="moon", **{"heading-en": "My own heading"})
    assert answer.status_code == 422
    assert 'value="My own heading"' in answer.text


def test_a_change_is_taken_back_on_the_page(
    held: Parts, admin: FlaskClient, tenant: Tenant
) -> None:
    post(admin, "save")
    post(admin, "undo", revision="1")
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert configured(ctx) == {}
    assert "takes back 1" in admin.get("/admin/widgets").text


@pytest.mark.parametrize("number", ["", "x", "9" * 30])
def test_a_step_that_is_no_number_is_refused(admin: FlaskClient, number: str) -> None:
    assert post(admin, "undo", revision=number).status_code == 422


@pytest.mark.parametrize("days", ["", "x", "0", "31", "9" * 30])
def test_days_of_a_test_that_cannot_be_are_refused_by_the_name_of_their_field(
    admin: FlaskClient, days: str
) -> None:
    answer = post(admin, "start", goal="order", window_days=days)
    assert answer.status_code == 422
    refusal = re.search(r'role="alert"[^>]*>(.*?)</', answer.text, re.DOTALL)
    assert refusal
    assert "Within how many days of first seeing it" in refusal[1]


def test_the_link_opens_the_theme_editor_on_the_block(
    held: Parts, admin: FlaskClient, tenant: Tenant
) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        service.save_widget(ctx, WidgetConfig("points_display", "product_page"))
    page = unescape(admin.get("/admin/widgets?widget=points_display").text)
    editor = f"https://{tenant.shop}/admin/themes/current/editor?template=product&addAppBlockId="
    assert editor in page
    assert "%2Fpoints_display&target=mainSection" in page
