"""Apple's pass web service, as a device sees it, and the calls that it is sent."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.factories import make_tenant
from tests.features.wallet.holding import DEVICE, PUSH, TOKEN, Device, Holding
from webapp.core.routing import PassOfDevice
from webapp.demo.standins.apple_push import ApplePush
from webapp.features.wallet.service.devices import changed_since


def apple(shop: Holding) -> ApplePush:
    found = shop.standins.standin("apple_push")
    assert isinstance(found, ApplePush)
    return found


def home(shop: Holding) -> str:
    [(found,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    return str(found)


def test_one_change_is_one_call_and_a_new_number_on_the_card(shop: Holding) -> None:
    phone = shop.device()
    assert phone.points == 1_200
    assert phone.register() == 201
    assert phone.changed() == [phone.card["serialNumber"]]
    assert phone.changed() == []
    shop.credit(home(shop), 34)
    shop.follow()
    assert shop.sends(PUSH) == 1
    assert apple(shop).pushes(TOKEN) == 1
    assert phone.hear() == 1
    assert phone.points == 1_234
    shop.follow()
    assert shop.sends(PUSH) == 0
    assert (phone.changed(), phone.fetch()) == ([], 304)


def test_many_changes_are_one_call(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    for _ in range(5):
        shop.credit(home(shop), 1)
        shop.follow()
    assert shop.waiting(PUSH) == 1
    shop.sends(PUSH)
    assert apple(shop).pushes(TOKEN) == 1
    assert phone.hear() == 1
    assert phone.points == 1_205
    shop.credit(home(shop), 1)
    shop.follow()
    [(due,)] = shop.rows(
        "select extract(epoch from due_at - now()) > 5 from deliveries where handler = :h", h=PUSH
    )
    assert due, "the next call waits until the last one is some seconds old"


def test_two_changes_within_a_second_never_end_in_an_old_card(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    assert phone.fetch() == 200
    for points in (1_201, 1_202):
        shop.credit(home(shop), 1)
        shop.follow()
        assert phone.hear() == 1
        assert phone.points == points
    assert phone.fetch() == 304


def test_a_tag_tells_of_each_card_by_itself() -> None:
    held = [PassOfDevice("m", f"wlt_{n}{'x' * 20}{n}", n) for n in (1, 2)]
    tag, serials = changed_since(held, "")
    assert serials == [one.serial for one in held]
    assert changed_since(held, tag) == (tag, [])
    later = [held[0], PassOfDevice("m", held[1].serial, 3)]
    newer, changed = changed_since(later, tag)
    assert (changed, newer != tag) == ([held[1].serial], True)
    assert changed_since(later, "nonsense.of-others-1")[1] == [one.serial for one in later]


def test_a_device_that_registers_again_is_called_by_its_new_token(shop: Holding) -> None:
    phone = shop.device()
    assert [phone.register(), phone.register("b2" * 32)] == [201, 200]
    shop.credit(home(shop), 1)
    shop.follow()
    shop.sends(PUSH)
    assert (apple(shop).pushes(TOKEN), apple(shop).pushes("b2" * 32)) == (0, 1)


def test_a_device_without_the_card_is_not_called(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    assert phone.unregister() == 200
    shop.credit(home(shop), 1)
    shop.follow()
    assert shop.waiting(PUSH) == 0
    assert phone.changed() == []


@pytest.mark.parametrize("gone", [True, False])
def test_a_device_that_is_gone_is_forgotten(shop: Holding, gone: bool) -> None:
    phone = shop.device()
    phone.register(TOKEN if gone else "0" * 64)
    apple(shop).gone(TOKEN)
    shop.credit(home(shop), 1)
    shop.follow()
    assert shop.sends(PUSH) == 1
    assert shop.rows("select count(*) from wallet_registrations") == [(0,)]
    assert shop.cards()[0]["added_at"] is None
    assert shop.waiting(PUSH) == 0


def test_a_busy_apple_is_asked_again(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    shop.standins.faults("apple_push", [{"status": 429, "retry_after": 2}, {"status": 503}])
    shop.credit(home(shop), 1)
    shop.follow()
    for left in (1, 1, 0):
        shop.sends(PUSH)
        assert shop.waiting(PUSH) == left


def outcome(answer: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.data, dict(answer.headers)


def test_a_wrong_token_and_an_unknown_card_look_the_same(shop: Holding) -> None:
    phone = shop.device()
    card, pass_type = phone.card, phone.card["passTypeIdentifier"]
    other = {"Authorization": f"ApplePass {'x' * 43}"}
    seen = [
        outcome(shop.web.get(f"/wallet/v1/passes/{pass_type}/{serial}", headers=headers))
        for serial, headers in (
            (card["serialNumber"], other),
            (card["serialNumber"], {}),
            ("wlt_" + "u" * 22, other),
            ("wlt_" + "u" * 22, phone.authorised),
            (card["serialNumber"], {"Authorization": f"Basic {card['authenticationToken']}"}),
        )
    ]
    assert {one[0] for one in seen} == {401}
    assert len({repr(one) for one in seen}) == 1
    for method in (shop.web.post, shop.web.delete):
        answer = method(phone.registration, json={"pushToken": TOKEN}, headers=other)
        assert answer.status_code == 401
    assert shop.rows("select count(*) from wallet_registrations") == [(0,)]


def test_another_cards_token_does_not_work(shop: Holding) -> None:
    shop.credit(shop.member("8"), 5)
    mine, others = Device(shop.web, shop.card("7")), Device(shop.web, shop.card("8"))
    card = mine.card
    path = f"/wallet/v1/passes/{card['passTypeIdentifier']}/{card['serialNumber']}"
    assert shop.web.get(path, headers=others.authorised).status_code == 401
    assert shop.web.get(path, headers=mine.authorised).status_code == 200


def test_another_stores_token_does_not_work(shop: Holding) -> None:
    phone = shop.device()
    stranger = make_tenant(shop.database)
    with shop.database.transaction(stranger.merchant_id) as ctx:
        assert ctx.db.connection().exec_driver_sql("select 1 from wallet_exports").all() == []
    wrong = phone.path("passes", "pass.of.somebody", phone.card["serialNumber"])
    assert shop.web.get(wrong, headers=phone.authorised).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pushToken": "no hex"}, 422),
        ({"pushToken": ["a1" * 32]}, 422),
        ({}, 422),
        ({"pushToken": "a" * 20_000}, 413),
    ],
)
def test_what_is_no_token_is_refused(shop: Holding, body: dict[str, Any], status: int) -> None:
    phone = shop.device()
    answer = shop.web.post(phone.registration, json=body, headers=phone.authorised)
    assert answer.status_code == status
    assert shop.rows("select count(*) from wallet_registrations") == [(0,)]


def test_devices_may_say_what_went_wrong(shop: Holding, caplog: pytest.LogCaptureFixture) -> None:
    lines = {"logs": ["[GET] failed\n<b>", *["x" * 400] * 30]}
    assert shop.web.post("/wallet/v1/log", json=lines).status_code == 200
    said = [record.getMessage() for record in caplog.records if "a device says" in record.msg]
    assert said[0] == "a device says: [GET] failed <b>"
    assert len(said) == 20 and max(map(len, said)) < 400


def test_unknown_devices_have_nothing_new(shop: Holding) -> None:
    pass_type = shop.pass_json()["passTypeIdentifier"]
    for device in (DEVICE, "short", "x" * 200):
        path = f"/wallet/v1/devices/{device}/registrations/{pass_type}"
        assert shop.web.get(path).status_code == 204


def test_push_tokens_and_devices_are_not_readable(shop: Holding) -> None:
    shop.device().register()
    [row] = shop.rows("select * from wallet_registrations")
    raw = b" ".join(one for one in row if isinstance(one, bytes))
    assert TOKEN.encode() not in raw and bytes.fromhex(TOKEN) not in raw
    assert DEVICE.encode() not in raw
