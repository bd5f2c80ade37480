"""Cards at Google: bodies as Google describes them, a short signed link, few alerts, no losses."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from tests.features.wallet.holding import CLASS, OBJECT, Holding
from webapp.core import i18n
from webapp.demo.authority import ACCOUNT, ISSUER_ID
from webapp.demo.standins.google_wallet import GoogleWallet
from webapp.features.wallet import service
from webapp.features.wallet.domain import words
from webapp.features.wallet.domain.google import localized, shortened
from webapp.features.wallet.messages import Design

MOST_JWT = 1_800


@cache
def schemas() -> Mapping[str, Any]:
    """Google's own description of the API, as its client library brings it along."""
    folder = files("googleapiclient.discovery_cache.documents")
    found: Mapping[str, Any] = json.loads((folder / "walletobjects.v1.json").read_text())["schemas"]
    return found


def faults(body: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """What is wrong with a body: unknown fields, types, enumerations, required fields."""
    schema = schemas()[schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type")
    if kind == "array":
        for n, one in enumerate(body):
            yield from faults(one, schema["items"], f"{path}[{n}]")
    for name, value in body.items() if kind == "object" else ():
        if name in schema["properties"]:
            yield from faults(value, schema["properties"][name], f"{path}.{name}")
        else:
            yield f"{path}.{name}: unknown"
    types = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}
    if kind in types and not isinstance(body, types[kind]):
        yield f"{path}: {body!r} is no {kind}"
    if "enum" in schema and body not in schema["enum"]:
        yield f"{path}: {body!r} is not among the values"


def required(body: Mapping[str, Any], name: str) -> list[str]:
    """Fields that Google's description calls required, and that are absent."""
    wanted = [
        field
        for field, schema in schemas()[name]["properties"].items()
        if "Required." in schema.get("description", "").split("\n")[0]
    ]
    return [field for field in wanted if field not in body and field != "programLogo"]


def google(shop: Holding) -> GoogleWallet:
    found = shop.standins.standin("google_wallet")
    assert isinstance(found, GoogleWallet)
    return found


def told(shop: Holding, kind: str) -> list[Mapping[str, Any]]:
    """The bodies of one kind that Google was sent, in order."""
    entries = google(shop).received.entries()
    found = [e for e in entries if str(e["key"]).startswith(kind)]
    return [e["said"] for e in sorted(found, key=lambda e: str(e["first_at"]))]  # type: ignore[misc]


def tell(shop: Holding) -> None:
    """Send whatever Google is to know, until it knows it."""
    for handler in (OBJECT, CLASS, OBJECT):
        shop.sends(handler)


def kept(shop: Holding) -> Mapping[str, Any]:
    """The card as Google has it."""
    return google(shop).resource("loyaltyObject", f"{ISSUER_ID}.{shop.cards()[0]['export_id']}")


def test_bodies_are_as_google_describes_them(shop: Holding) -> None:
    shop.reward(points=5_000)
    with shop.open() as ctx:
        service.save_design(ctx, Design(terms={"de": "Bedingungen", "ar": "الشروط"}), {})
    shop.link("google")
    tell(shop)
    of, (card,) = told(shop, "loyaltyClass")[-1], told(shop, "loyaltyObject")
    for body, name in ((of, "LoyaltyClass"), (card, "LoyaltyObject")):
        assert list(faults(body, schemas()[name])) == []
        assert required(body, name) == []
    assert card["loyaltyPoints"]["balance"] == {"int": 1_200}
    assert len(card["loyaltyPoints"]["localizedLabel"]["translatedValues"]) > 15
    assert [one["id"] for one in card["textModulesData"]] == ["next", "missing", "how"]


def test_the_schema_check_finds_what_is_wrong() -> None:
    schema = schemas()["LoyaltyObject"]
    assert list(faults({"id": 1}, schema)) == [".id: 1 is no string"]
    assert list(faults({"nonsense": 1}, schema)) == [".nonsense: unknown"]
    assert list(faults({"state": "GONE"}, schema)) == [".state: 'GONE' is not among the values"]
    assert "classId" in required({}, "LoyaltyObject")


def test_the_link_is_signed_short_and_names_the_card(shop: Holding) -> None:
    path = shop.link("google")
    waiting = shop.web.get(path)
    assert (waiting.status_code, 'role="status"' in waiting.text) == (200, True)
    tell(shop)
    answer = shop.web.get(path)
    assert answer.status_code == 302
    base, _, token = answer.headers["Location"].partition("/gp/v/save/")
    assert base == shop.standins.url("google_wallet")
    assert len(token) <= MOST_JWT
    key: Any = serialization.load_pem_private_key(shop.authority.google_key.encode(), None)
    claims = jwt.decode(unquote(token), key.public_key(), ["RS256"], audience="google")
    assert (claims["iss"], claims["typ"], claims["aud"]) == (ACCOUNT, "savetowallet", "google")
    (named,) = claims["payload"]["loyaltyObjects"]
    assert named.keys() == {"id", "classId"}
    assert google(shop).resource("loyaltyObject", named["id"])


def test_the_page_that_saves_a_card_shows_it_in_any_language(shop: Holding) -> None:
    path = shop.link("google")
    tell(shop)
    address = shop.web.get(path).headers["Location"]
    for tag, label in (("ja", "ポイント"), ("ar", "نقاط")):
        page = httpx.get(f"{address}?hl={tag}", trust_env=False).text
        assert f'lang="{tag}" dir="{i18n.direction(tag)}"' in page
        assert i18n.text(tag, *words.POINTS) in page, label
        assert i18n.number(tag, 1_200) in page


def test_a_change_is_told_and_alerts_three_times_a_day(shop: Holding) -> None:
    shop.link("google")
    tell(shop)
    [(home,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    name = f"{ISSUER_ID}.{shop.cards()[0]['export_id']}"
    for n in range(1, 6):
        shop.credit(home, 10)
        shop.follow()
        assert shop.sends(OBJECT) == 1
        assert kept(shop)["loyaltyPoints"]["balance"] == {"int": 1_200 + 10 * n}
    alerts = ["notifyPreference" in body for body in told(shop, "loyaltyObject")]
    assert alerts == [False, True, True, True, False, False]
    assert google(shop).alerts(name) == 3
    shop.clock.advance(days=1, seconds=1)
    shop.credit(home, 10)
    shop.follow()
    shop.sends(OBJECT)
    assert "notifyPreference" in told(shop, "loyaltyObject")[-1]


def test_news_alerts_although_a_new_look_was_on_its_way(shop: Holding) -> None:
    shop.link("google")
    tell(shop)
    [(home,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    with shop.open() as ctx:
        service.save_design(ctx, Design(background="#112233"), {})
    shop.clock.advance(minutes=2)
    shop.work("wallet.reissue_cards")
    assert shop.waiting(OBJECT) == 1
    shop.credit(home, 10)
    shop.follow()
    assert shop.sends(OBJECT) == 1
    assert "notifyPreference" in told(shop, "loyaltyObject")[-1]


def test_what_google_has_lost_or_had_already_is_put_right(shop: Holding) -> None:
    shop.link("google")
    tell(shop)
    [(home,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    google(shop).reset()
    with shop.open() as ctx:
        ctx.db.connection().exec_driver_sql("update wallet_classes set fingerprint = 'old'")
        service.save_design(ctx, Design(background="#112233"), {})
    shop.sends(CLASS)
    shop.credit(home, 1)
    shop.follow()
    shop.sends(OBJECT)
    assert kept(shop)["loyaltyPoints"]["balance"] == {"int": 1_201}
    with shop.open() as ctx:
        ctx.db.connection().exec_driver_sql("update wallet_exports set told_revision = null")
    shop.credit(home, 1)
    shop.follow()
    shop.sends(OBJECT)
    assert kept(shop)["loyaltyPoints"]["balance"] == {"int": 1_202}
    assert {body["hexBackgroundColor"] for body in told(shop, "loyaltyClass")} == {"#112233"}


def test_a_refused_card_is_noted_and_offered_again(shop: Holding) -> None:
    path = shop.link("google")
    assert f'content="1; url={path}?waiting=yes"' in shop.web.get(path).text
    shop.sends(OBJECT), shop.sends(CLASS)
    shop.standins.faults("google_wallet", [{"status": 400, "times": 1}])
    shop.sends(OBJECT)
    [row] = shop.cards()
    assert (row["failure"], row["failures"]) == ("google_refused", 1)
    failed = shop.web.get(f"{path}?waiting=yes").text
    assert 'role="alert"' in failed and f'href="{path}"' in failed
    sql = "select count(*) from audit_logs where action = 'wallet_export_failed'"
    assert shop.rows(sql) == [(1,)]
    assert 'role="status"' in shop.web.get(path).text
    tell(shop)
    assert shop.web.get(shop.link("google")).status_code == 302
    assert shop.cards()[0]["failure"] is None


def test_keys_that_google_refuses_are_no_fault_of_the_card(shop: Holding) -> None:
    shop.link("google")
    shop.sends(OBJECT)
    shop.standins.faults("google_wallet", [{"status": 401, "times": 4}])
    shop.sends(CLASS)
    assert shop.waiting(CLASS) == 1
    assert shop.cards()[0]["failures"] == 0


def test_labels_are_as_short_as_google_shows_them() -> None:
    long = {
        tag: said
        for tag in i18n.LOCALES
        for said in (i18n.text(tag, *words.POINTS), i18n.text(tag, *words.TIER))
        if len(said) > 9
    }
    assert long == {}
    assert shortened("A shop with a very long name") == "A shop with a very…"
    assert localized(*words.POINTS)["defaultValue"] == {"language": "en", "value": "Points"}


@pytest.mark.parametrize("name", ["logo", "hero"])
def test_google_fetches_the_pictures_it_was_told_of(shop: Holding, name: str) -> None:
    shop.link("google")
    tell(shop)
    (of,) = told(shop, "loyaltyClass")
    uri = of["programLogo" if name == "logo" else "heroImage"]["sourceUri"]["uri"]
    answer = shop.web.get(uri[uri.index("/wallet/") :])
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.data[:8] == b"\x89PNG\r\n\x1a\n"
    assert timedelta(seconds=int(answer.headers["Cache-Control"].rpartition("=")[2])) > timedelta(0)
