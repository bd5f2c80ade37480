"""The Wallet page: a design, its preview in any language, pictures, and how cards are used."""

import io
import re

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from tests.features.wallet.holding import Holding, files_of
from webapp.core.errors import AppError
from webapp.features.accounts import service as accounts
from webapp.features.wallet.domain.images import taken

FIELDS = {"background": "#102030", "foreground": "#ffffff", "label": "#dddddd", "tier": "yes"}


@pytest.fixture
def admin(shop: Holding) -> FlaskClient:
    """The owner, signed in."""
    with shop.open() as ctx:
        token = accounts.create_sign_in_link(ctx, accounts.add_admin(ctx, "Robin", "owner"))
    shop.web.get(f"/admin/sign-in?token={token}", follow_redirects=True)
    shop.web.post("/admin/sign-in", data={"token": token})
    return shop.web


def form_token(admin: FlaskClient) -> str:
    page = admin.get("/admin/wallet").text
    return re.findall(r'name="form_token" value="([^"]+)"', page)[0]


def send(admin: FlaskClient, action: str = "save", **fields: object) -> TestResponse:
    data = {**FIELDS, "form_token": form_token(admin), **fields}
    return admin.post(f"/admin/wallet/{action}", data=data, content_type="multipart/form-data")


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 200)) -> io.BytesIO:
    written = io.BytesIO()
    Image.new("RGB", size, "#aa3311").save(written, kind)
    written.seek(0)
    return written


def test_a_design_is_saved_and_on_the_next_card(shop: Holding, admin: FlaskClient) -> None:
    answer = send(admin, name='Nest "Club"', **{"terms-de": "Bedingungen", "terms-ar": "الشروط"})
    assert answer.status_code == 303
    card = shop.pass_json()
    assert (card["backgroundColor"], card["organizationName"]) == ("rgb(16, 32, 48)", 'Nest "Club"')
    assert [one["key"] for one in card["storeCard"]["backFields"]][-1] == "terms"


def test_pictures_become_slots(shop: Holding, admin: FlaskClient) -> None:
    answer = send(
        admin, logo=(picture("JPEG"), "logo.jpg"), strip=(picture("WEBP", (1200, 300)), "s.webp")
    )
    assert answer.status_code == 303
    files = files_of(shop.card())
    sizes = {n: Image.open(io.BytesIO(c)).size for n, c in files.items() if n.endswith(".png")}
    assert sizes["logo@2x.png"] == (200, 100) and sizes["logo.png"] == (100, 50)
    assert sizes["strip@3x.png"] == (1125, 432)
    assert "logoText" not in shop.pass_json()
    send(admin, **{"remove-logo": "yes"})
    assert "logo.png" not in files_of(shop.card())
    assert "strip.png" in files_of(shop.card())


@pytest.mark.parametrize(
    "upload",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a nonsense"],
)
def test_what_is_no_picture_is_refused(shop: Holding, admin: FlaskClient, upload: bytes) -> None:
    answer = send(admin, logo=(io.BytesIO(upload), "logo.png"), name="Kept")
    assert answer.status_code == 422
    assert "Choose a PNG, JPEG or WebP" in answer.text
    assert 'value="Kept"' in answer.text
    assert shop.rows("select count(*) from wallet_designs") == [(0,)]


def test_a_picture_that_is_too_large_is_refused() -> None:
    large = picture(size=(40, 40)).getvalue() + b"x" * 600_000
    with pytest.raises(AppError, match="picture_refused"):
        taken(large, "logo")


def test_a_bomb_is_refused(shop: Holding, admin: FlaskClient) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG", optimize=True)
    assert len(bomb.getvalue()) < 600_000
    bomb.seek(0)
    assert send(admin, logo=(bomb, "logo.png")).status_code == 422


def test_wrong_colours_are_refused_by_name(admin: FlaskClient) -> None:
    answer = send(admin, background="red; }")
    assert answer.status_code == 422
    assert "background" in answer.text


def preview(shop: Holding, page: str) -> str:
    found = re.findall(r'src="(/wallet/previews/[^"]+)"', page)[0]
    answer = shop.web.get(found)
    assert "unsafe-inline" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    return answer.text


def test_the_preview_shows_what_is_not_saved_yet(shop: Holding, admin: FlaskClient) -> None:
    page = send(admin, "preview", name="Unsaved", preview_locale="ar").text
    html = preview(shop, page)
    assert 'lang="ar" dir="rtl"' in html
    assert "Unsaved" in html and "background: #102030" in html
    assert shop.rows("select count(*) from wallet_designs") == [(0,)]
    assert shop.web.get("/wallet/previews/nonsense").status_code == 404


def test_colours_that_cannot_be_read_are_told(admin: FlaskClient) -> None:
    page = send(admin, "preview", label="#203040").text
    warnings = re.findall(r'notice-line-bad" role="status">([^<]+)<', page)
    assert len(warnings) == 1
    assert "1.2:1" in warnings[0] and "4.5:1" in warnings[0]


def test_figures_and_progress_are_shown(shop: Holding, admin: FlaskClient) -> None:
    shop.device().register()
    send(admin)
    page = admin.get("/admin/wallet").text
    assert "1 card is being made anew." in page
    assert re.search(r"<dt>Members with a card</dt>\s*<dd>1</dd>", page)
    assert re.search(r"<dt>Of all members</dt>\s*<dd>100%</dd>", page)
    shop.work("wallet.reissue_cards")
    assert "being made anew" not in admin.get("/admin/wallet").text


def test_the_success_page_counts_cards(shop: Holding, admin: FlaskClient) -> None:
    shop.device().register()
    page = admin.get("/admin/success").text
    assert "Members with a card in a wallet" in page
    assert "Exports of a card that succeeded" in page
