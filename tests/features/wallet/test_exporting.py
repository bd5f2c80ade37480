"""Cards are exported: once for each member, sealed, noted, and offered again when they fail."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.features.wallet.holding import METAFIELD, Device, Holding, saves
from webapp.core.crypto import SealedValueError
from webapp.demo.authority import make_authority
from webapp.features.wallet.models import WalletExport
from webapp.features.wallet.service.links import LIFE
from webapp.features.wallet.service.passes import opened

MIME = "application/vnd.apple.pkpass"


def audited(shop: Holding, action: str) -> list[dict[str, Any]]:
    sql = "select metadata from audit_logs where action = :a order by audit_id"
    rows = shop.rows(sql, a=action)
    return [row[0] for row in rows]


def tracked(shop: Holding) -> list[str]:
    sql = "select payload ->> 'event' from outbox where topic = 'product.event'"
    return [row[0] for row in shop.rows(sql)]


def test_a_program_gets_the_address_of_a_card(shop: Holding) -> None:
    answer = shop.export("apple", "7", locale="de")
    assert answer.status_code == 200
    said = answer.json
    assert said is not None and said.keys() == {"status", "pass_url", "error"}
    assert (said["status"], said["error"]) == ("ok", None)
    path = "/w/" + said["pass_url"].rpartition("/w/")[2]
    handed = shop.web.get(path)
    assert handed.headers["Content-Type"] == MIME
    assert handed.headers["Cache-Control"] == "private, no-store"
    assert handed.headers["X-Content-Type-Options"] == "nosniff"
    assert handed.headers["Content-Disposition"] == 'attachment; filename="loyalty.pkpass"'
    assert shop.web.get(f"{path}.pkpass").data[:2] == b"PK"


def test_an_export_is_noted_once(shop: Holding) -> None:
    path = shop.link()
    for _ in range(2):
        shop.web.get(path)
    [noted] = audited(shop, "wallet_exported")
    assert noted["wallet_type"] == "apple" and noted["points_balance"] == 1_200
    assert tracked(shop).count("wallet_exported") == 1
    assert shop.rows("select count(*) from outbox where topic = 'wallet.exported'") == [(1,)]
    shop.clock.advance(seconds=LIFE.total_seconds() + 1)
    shop.web.get(shop.link())
    assert len(audited(shop, "wallet_exported")) == 2
    assert shop.cards()[0]["exports"] == 2


def test_a_repeated_call_is_no_export_and_gives_an_address_that_still_holds(shop: Holding) -> None:
    shop.export(key="k")
    shop.clock.advance(seconds=LIFE.total_seconds() + 1)
    again = shop.export(key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert shop.cards()[0]["exports"] == 1
    path = "/w/" + str(again.json["pass_url"]).rpartition("/w/")[2]  # type: ignore[index]
    assert shop.web.get(path).data[:2] == b"PK"
    assert shop.rows("select answer from call_answers") == [({},)]


def test_serial_number_and_token_of_a_card_never_change(shop: Holding) -> None:
    phone = shop.device()
    phone.register()
    first = phone.card
    shop.clock.advance(days=40)
    again = Device(shop.web, shop.card()).card
    for name in ("serialNumber", "authenticationToken", "passTypeIdentifier"):
        assert again[name] == first[name]
    assert phone.fetch() == 200
    assert len(shop.cards()) == 1


def test_serial_numbers_and_tokens_say_nothing(shop: Holding) -> None:
    shop.credit(shop.member("8"), 5)
    one, other = shop.pass_json(shop.card("7")), shop.pass_json(shop.card("8"))
    for name, least in (("serialNumber", 16), ("authenticationToken", 32)):
        assert len(one[name]) >= least
        assert one[name] != other[name]
    known = shop.rows("select customer_id, shared_customer_id from users")
    for row in known:
        for value in row:
            assert value not in json.dumps(one)


def test_raw_rows_hold_no_balance_code_or_token(shop: Holding) -> None:
    card = shop.pass_json()
    [row] = shop.cards()
    raw = json.dumps(row, default=str)
    assert row["pass_data"].keys() == {"v", "alg", "kid", "n", "ct"}
    assert card["authenticationToken"] not in raw
    assert card["barcodes"][0]["altText"] not in raw
    assert "1200" not in raw
    with shop.open() as ctx:
        kept = opened(ctx, ctx.db.get_one(WalletExport, (shop.merchant_id, row["export_id"])))
    assert kept["points_balance"] == 1_200
    assert kept["referral_code"] == card["barcodes"][0]["altText"]


def test_rows_cannot_be_swapped(shop: Holding) -> None:
    shop.credit(shop.member("8"), 5)
    shop.card("7"), shop.card("8")
    one, other = (row["export_id"] for row in shop.cards())
    with shop.open() as ctx:
        swap = """update wallet_exports w set pass_data = o.pass_data from wallet_exports o
            where w.export_id = :a and o.export_id = :b"""
        ctx.db.execute(text(swap), {"a": one, "b": other})
        with pytest.raises(SealedValueError):
            opened(ctx, ctx.db.get_one(WalletExport, (shop.merchant_id, one)))


def test_who_is_not_known_gets_no_card(shop: Holding) -> None:
    answer = shop.export("apple", "404404")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "customer_not_found")  # type: ignore[index]
    assert shop.cards() == []
    assert shop.export("amazon").status_code == 422


def test_without_a_good_key_the_failure_is_noted_and_it_can_be_tried_again(shop: Holding) -> None:
    old = make_authority(shop.clock.at.replace(year=2020))
    saves(shop.parts, "apple_wallet", old.apple_values())
    answer = shop.export("apple", "7", locale="ja")
    assert answer.status_code == 409
    assert answer.json["error"]["code"] == "wallet_unavailable"  # type: ignore[index]
    [failed] = audited(shop, "wallet_export_failed")
    assert (failed["reason"], failed["wallet_type"]) == ("wallet_unavailable", "apple")
    assert "wallet_export_failed" in tracked(shop)
    assert audited(shop, "wallet_exported") == []
    [row] = shop.cards()
    assert (row["exports"], row["failures"], row["failure"]) == (0, 1, "wallet_unavailable")
    saves(shop.parts, "apple_wallet", shop.authority.apple_values())
    assert shop.web.get(shop.link()).data[:2] == b"PK"
    [row] = shop.cards()
    assert (row["exports"], row["failures"], row["failure"]) == (1, 1, None)


def test_a_link_whose_card_fails_offers_another_try(shop: Holding) -> None:
    path = shop.link()
    old = make_authority(shop.clock.at.replace(year=2020))
    saves(shop.parts, "apple_wallet", old.apple_values())
    answer = shop.web.get(path)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert len(audited(shop, "wallet_export_failed")) == 1


def test_links_end_and_cannot_be_made_up(shop: Holding) -> None:
    path = shop.link()
    assert shop.web.get(f"{path[:-3]}abc").status_code == 404
    assert shop.web.get("/w/nonsense").status_code == 404
    shop.clock.advance(seconds=LIFE.total_seconds() + 1)
    late = shop.web.get(path)
    assert (late.status_code, late.headers["X-LoyalNest-Error"]) == (410, "link_expired")


def test_the_shop_remembers_what_opens_nothing(shop: Holding) -> None:
    shop.card()
    assert shop.sends(METAFIELD) == 1
    [row] = shop.cards()
    written = shop.standins.shopify.store.one(
        shop.tenant.shop, "gid://shopify/Customer/7", "$app:loyalnest", "wallet_export"
    )
    assert written is not None
    value = json.loads(written.value)
    assert value.keys() == {"wallet_type", "serial_hash", "exported_at"}
    assert row["export_id"] not in written.value
