"""Cards follow their members, the catalogue and the design, and become void when somebody is
forgotten."""

import json

from tests.features.wallet.holding import DEVICE, PUSH, TOKEN, Holding
from webapp.demo.standins.apple_push import ApplePush
from webapp.features.wallet import service
from webapp.features.wallet.domain.images import KEPT
from webapp.features.wallet.messages import Design
from webapp.features.wallet.queries.cards import figures
from webapp.features.wallet.service import following

REISSUE, NAMES, VOID = "wallet.reissue_cards", "wallet.follow_names", "wallet.void_cards"


def home(shop: Holding, customer: str = "7") -> str:
    sql = "select customer_id from customer_identities where external_id = :e"
    [(found,)] = shop.rows(sql, e=customer)
    return str(found)


def pushes(shop: Holding) -> int:
    standin = shop.standins.standin("apple_push")
    assert isinstance(standin, ApplePush)
    return standin.pushes(TOKEN)


def test_a_new_design_reaches_every_card(shop: Holding, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(following, "CARDS_A_REISSUE", 2)
    for number in range(10, 14):
        shop.credit(shop.member(str(number)), number)
        shop.card(str(number))
    phone = shop.device()
    phone.register()
    phone.fetch()
    with shop.open() as ctx:
        assert service.save_design(ctx, Design(background="#102030", name="Nest Club"), {}) == 1
        assert figures(ctx, 1).newest == 0
    for _ in range(4):
        shop.work(REISSUE)
    with shop.open() as ctx:
        found = figures(ctx, 1)
    assert (found.cards, found.newest) == (5, 5)
    shop.sends(PUSH)
    assert pushes(shop) == 1
    assert phone.hear() == 1
    assert phone.card["backgroundColor"] == "rgb(16, 32, 48)"
    assert phone.card["organizationName"] == "Nest Club"


def test_the_same_design_is_no_new_version(shop: Holding) -> None:
    with shop.open() as ctx:
        versions = [service.save_design(ctx, Design(name="Club"), {}) for _ in range(2)]
        assert service.save_design(ctx, Design(name="Club"), {"logo": None}) == 1
    assert versions == [1, 1]
    assert shop.rows("select count(*) from audit_logs where action = 'wallet_design_saved'") == [
        (1,)
    ]


def test_a_renamed_reward_reaches_cards_within_a_minute(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    assert "secondaryFields" not in phone.card["storeCard"]
    for points in (1_500, 2_000):
        shop.reward(points=points)
    shop.work(NAMES)
    assert shop.waiting(REISSUE) == 1
    shop.work(REISSUE)
    assert phone.hear() == 1
    (reward,) = phone.card["storeCard"]["secondaryFields"]
    assert reward["value"].startswith("ln.reward.")
    (missing,) = phone.card["storeCard"]["auxiliaryFields"]
    assert missing["value"] == 300


def test_who_is_forgotten_has_a_void_card(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    code = phone.card["barcodes"][0]["altText"]
    with shop.open() as ctx:
        ctx.emit("customers.redacted", "r1", {"store_id": shop.store_id, "customers": ["7"]})
    shop.work(VOID)
    shop.sends(PUSH)
    assert (pushes(shop), phone.hear()) == (1, 1)
    assert phone.card["voided"] is True
    written = json.dumps(phone.card)
    assert code not in written and "1200" not in written
    [row] = shop.cards()
    assert (row["external_id"], row["voided_at"] is not None) == (None, True)
    shop.credit(home(shop), 5)
    shop.follow()
    assert phone.changed() == []
    with shop.open() as ctx:
        assert figures(ctx, 0).holders == 0
    assert phone.card["serialNumber"] != shop.pass_json()["serialNumber"]


def test_members_of_two_stores_that_become_one_show_one_balance(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    other = shop.member("77")
    shop.credit(other, 800)
    shop.rows(
        "update users set merged_into = :m where customer_id = :c returning 1",
        m=home(shop),
        c=other,
    )
    with shop.open() as ctx:
        from webapp.features.points.service.cards import changed  # noqa: PLC0415

        changed(ctx, [home(shop)])
    shop.follow()
    phone.hear()
    assert phone.points == 2_000


def test_devices_are_counted_as_holders(shop: Holding) -> None:
    phone = shop.device()
    with shop.open() as ctx:
        before = figures(ctx, 0)
    phone.register()
    with shop.open() as ctx:
        after = figures(ctx, 0)
    assert (before.holders, after.holders, after.members) == (0, 1, 1)
    assert (after.exports, after.failures) == (1, 0)
    assert len(DEVICE) == 32 and KEPT["logo"][0] >= 480
