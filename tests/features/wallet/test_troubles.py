"""What goes wrong around cards, and what becomes of them then."""

import re
from typing import Any

import pytest

from tests.features.wallet.holding import CLASS, OBJECT, PUSH, TOKEN, Device, Holding, saves
from tests.features.wallet.test_google_card import google, tell, told
from tests.features.wallet.test_wallet_page import admin, send
from webapp.demo.authority import Authority
from webapp.demo.standins.apple_push import ApplePush
from webapp.features.points import service as points
from webapp.features.wallet import service
from webapp.features.wallet.messages import Design

__all__ = ["admin"]
FOLLOW, NAMES, REISSUE = "wallet.follow_points", "wallet.follow_names", "wallet.reissue_cards"


def home(shop: Holding, customer: str = "7") -> str:
    sql = "select customer_id from customer_identities where external_id = :e"
    [(found,)] = shop.rows(sql, e=customer)
    return str(found)


def pushes(shop: Holding, token: str = TOKEN) -> int:
    standin = shop.standins.standin("apple_push")
    assert isinstance(standin, ApplePush)
    return standin.pushes(token)


def test_cards_follow_also_where_no_store_can_be_written_to(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    shop.rows("update stores set access_token = null returning 1")
    shop.credit(home(shop), 5)
    shop.follow()
    shop.sends(PUSH)
    assert (pushes(shop), phone.hear(), phone.points) == (1, 1, 1_205)


def test_a_change_before_the_registration_is_told(shop: Holding) -> None:
    phone = shop.device()
    shop.clock.advance(seconds=30)
    shop.credit(home(shop), 5)
    shop.follow()
    assert shop.waiting(PUSH) == 0
    phone.register()
    shop.sends(PUSH)
    assert (pushes(shop), phone.fetch(), phone.points) == (1, 200, 1_205)
    phone.register()
    assert shop.waiting(PUSH) == 0


def test_a_change_that_nobody_has_followed_is_told_at_the_registration(shop: Holding) -> None:
    phone = shop.device()
    shop.credit(home(shop), 5)
    phone.register()
    shop.sends(PUSH)
    assert (pushes(shop), phone.hear(), phone.points) == (1, 1, 1_205)


def test_a_code_that_comes_later_reaches_the_card(shop: Holding) -> None:
    with shop.open() as ctx:
        programme = points.read_referral_programme(ctx)
        off = {**vars_of(programme), "enabled": False}
        points.save_referral_programme(ctx, type(programme)(**off))
    phone = shop.device()
    phone.register()
    assert "barcodes" not in phone.card
    with shop.open() as ctx:
        points.save_referral_programme(ctx, programme)
    shop.work(NAMES)
    shop.work(REISSUE)
    assert phone.hear() == 1
    assert phone.card["barcodes"][0]["altText"]


def vars_of(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__slots__}


def test_a_device_that_could_not_be_called_is_called_at_the_next_change(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    shop.standins.faults("apple_push", [{"status": 400, "times": 1}])
    shop.credit(home(shop), 1)
    shop.follow()
    shop.sends(PUSH)
    assert shop.rows("select push_due from wallet_registrations") == [(False,)]
    shop.clock.advance(minutes=1)
    shop.credit(home(shop), 1)
    shop.follow()
    shop.sends(PUSH)
    assert phone.hear() == 1
    assert phone.points == 1_202


def test_who_registers_anew_is_not_forgotten_for_an_old_token(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    shop.credit(home(shop), 1)
    shop.follow()
    with shop.open() as ctx:
        row = shop.cards()[0]
        call = service.prepare_push(ctx, row["export_id"], service.device_hash(DEVICE_ID).hex())
    assert call is not None
    phone.register("b2" * 32)
    with shop.open() as ctx:
        service.forget_device(ctx, call)
    assert shop.rows("select count(*) from wallet_registrations") == [(1,)]


DEVICE_ID = Device.device_id


def test_a_refused_programme_is_told_to_who_waits(shop: Holding) -> None:
    path = shop.link("google")
    shop.sends(OBJECT)
    shop.standins.faults("google_wallet", [{"status": 400, "times": 1}])
    shop.sends(CLASS)
    assert shop.cards()[0]["failure"] == "google_refused"
    assert 'role="alert"' in shop.web.get(f"{path}?waiting=yes").text


def test_an_update_that_dies_is_no_failed_export(shop: Holding) -> None:
    shop.link("google")
    tell(shop)
    shop.standins.faults("google_wallet", [{"status": 400, "times": 1}])
    shop.credit(home(shop), 1)
    shop.follow()
    shop.sends(OBJECT)
    [row] = shop.cards()
    assert (row["failure"], row["failures"], row["google_due"]) == (None, 0, False)


def test_another_issuer_is_told_everything_anew(shop: Holding, authority: Authority) -> None:
    path = shop.link("google")
    tell(shop)
    assert shop.web.get(path).status_code == 302
    other = authority.google_values(shop.standins.url("google_wallet"))
    saves(shop.parts, "google_wallet", {**other, "issuer_id": "4400000000000000002"})
    assert shop.web.get(path).status_code == 200
    shop.credit(home(shop), 1)
    shop.follow()
    shop.sends(OBJECT)
    assert shop.waiting(CLASS) == 1


def test_terms_that_were_removed_are_gone_at_google(shop: Holding) -> None:
    with shop.open() as ctx:
        service.save_design(ctx, Design(terms={"ar": "الشروط", "en": "Terms"}), {})
    shop.link("google")
    tell(shop)
    module = told(shop, "loyaltyClass")[-1]["textModulesData"][0]
    assert module["localizedBody"]["defaultValue"] == {"language": "en", "value": "Terms"}
    with shop.open() as ctx:
        service.save_design(ctx, Design(), {})
    shop.sends(CLASS)
    assert told(shop, "loyaltyClass")[-1]["textModulesData"] == []
    assert google(shop).received.calls


def test_rounds_of_a_change_of_tiers_are_one_change(shop: Holding) -> None:
    shop.card()
    shop.work(NAMES)
    shop.work(REISSUE)
    before = shop.cards()[0]["revision"]
    with shop.open() as ctx:
        for number in range(3):
            payload = {"after": f"cus_{number}", "again": None}
            ctx.emit("points.tiers_changed", f"round:{number}", payload)
    shop.work(NAMES)
    shop.work(REISSUE)
    assert shop.cards()[0]["revision"] == before


@pytest.mark.parametrize(
    "path",
    [
        "/wallet/pictures/mer_nobody/0123456789ab/hero.png",
        "/wallet/pictures/a%00b/0123456789ab/hero.png",
        "/wallet/pictures/{m}/0123456789ab/hero.png",
        "/wallet/pictures/{m}/{v}/secret.png",
    ],
)
def test_only_pictures_that_there_are_are_drawn(shop: Holding, path: str) -> None:
    shop.link("google")
    tell(shop)
    uri = told(shop, "loyaltyClass")[-1]["heroImage"]["sourceUri"]["uri"]
    version = uri.split("/")[-2]
    assert shop.web.get(uri[uri.index("/wallet/") :]).status_code == 200
    asked = path.format(m=shop.merchant_id, v=version)
    assert shop.web.get(asked).status_code == 404


def test_a_serial_number_that_is_none_looks_unknown(shop: Holding) -> None:
    answer = shop.web.get("/wallet/v1/passes/pass.dev.loyalnest.card/a%00b")
    assert answer.status_code == 401


def test_long_terms_in_all_languages_can_be_previewed(shop: Holding, admin: Any) -> None:
    terms = {f"terms-{tag}": "規約" * 500 for tag in ("en", "ja", "ar", "de", "fr", "zh-CN")}
    page = send(admin, "preview", preview_locale="ja", **terms).text
    address = re.findall(r'src="(/wallet/previews/[^"]+)"', page)[0]
    assert len(address) < 4_000
    assert "規約規約" in shop.web.get(address).text
