"""Points for a reward, the code at the shop, and every way back."""

import re
from datetime import timedelta

import pytest

from jobs import sending
from tests.features.points.rewarding import CREATE, END, Rewarding
from tests.standins import Standins
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.core.deliveries import RETRY_AFTER_SECONDS
from webapp.features.points.domain.rewards import ALPHABET, new_code, offered
from webapp.parts import Parts


def test_points_are_taken_at_once_and_the_code_is_the_customers_own(
    shop: Rewarding, home: str
) -> None:
    had = shop.have(shop.reward(minimums={"USD": 2_000}))
    assert (shop.spendable(home), shop.state(had)[0], shop.made()) == (700, "preparing", [])
    shop.send()
    (made,) = shop.made()
    assert shop.state(had)[0] == "ready"
    assert made.code == shop.code(had)
    assert made.given == {
        "title": f"Five off ({made.code})",
        "code": made.code,
        "startsAt": "2026-03-14T12:00:00+00:00",
        "endsAt": "2026-06-12T12:00:00+00:00",
        "context": {"customers": {"add": ["gid://shopify/Customer/7"]}},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "20.00"}},
        "customerGets": {
            "items": {"all": True},
            "value": {"discountAmount": {"amount": "5.00", "appliesOnEachItem": False}},
        },
        "combinesWith": {
            "orderDiscounts": False,
            "productDiscounts": True,
            "shippingDiscounts": True,
        },
    }
    assert [said["code"] for said in shop.told("points.code_ready")] == [made.code]


@pytest.mark.parametrize(
    ("said", "kind", "value", "items"),
    [
        ({"kind": "percentage", "percent": 15}, "Basic", {"percentage": 0.15}, {"all": True}),
        (
            {"kind": "free_product", "product": "gid://shopify/Product/8100000000101"},
            "Basic",
            None,
            {"products": {"productsToAdd": ["gid://shopify/Product/8100000000101"]}},
        ),
        ({"kind": "free_shipping"}, "FreeShipping", None, None),
    ],
)
def test_every_kind_becomes_a_discount_of_its_own(
    shop: Rewarding, said: dict, kind: str, value: object, items: object
) -> None:
    if "product" in said:
        said = {**said, "product": product_of_the_shop(shop)}
        items = {"products": {"productsToAdd": [said["product"]]}}
    shop.have(shop.reward(**said))
    shop.send()
    (made,) = shop.made()
    assert made.kind == f"DiscountCode{kind}"
    gets = made.given.get("customerGets") or {}
    assert gets.get("items") == items
    if value:
        assert gets["value"] == value
    if said["kind"] == "free_shipping":
        assert made.given["destination"] == {"all": True}
    if said["kind"] == "free_product":
        off = gets["value"]["discountAmount"]
        assert float(off["amount"]) > 0 and off["appliesOnEachItem"] is False


def product_of_the_shop(shop: Rewarding) -> str:
    query = "query { products(first: 1) { nodes { id } } }"
    ask = shop.parts.gateways.shopify.ask
    return str(ask(shop.tenant.shop, "shpat_rewards", query, {})["products"]["nodes"][0]["id"])


def test_a_lost_answer_makes_no_second_code(shop: Rewarding) -> None:
    had = shop.have(shop.reward())
    shop.standins.faults("shopify", [{"drop": True, "applied": True}])
    shop.send()
    assert (shop.state(had)[0], len(shop.made())) == ("preparing", 1)
    shop.send()
    assert (shop.state(had)[0], len(shop.made())) == ("ready", 1)


def test_a_code_that_somebody_else_made_is_not_ours(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward())
    shop.rows("update redemptions set code = 'LN-TAKEN' returning 1")
    ask = shop.parts.gateways.shopify.ask
    query = """mutation Made($d: DiscountCodeBasicInput!) {
        discountCodeBasicCreate(basicCodeDiscount: $d) { userErrors { message } } }"""
    value = {"percentage": 0.5}
    given = {"title": "Theirs", "code": "ln-taken", "startsAt": "2026-01-01T00:00:00Z"}
    given |= {"context": {"all": "ALL"}, "customerGets": {"value": value, "items": {"all": True}}}
    assert not ask(shop.tenant.shop, "shpat_rewards", query, {"d": given})[
        "discountCodeBasicCreate"
    ]["userErrors"]
    shop.send()
    assert shop.state(had)[:2] == ("failed", True)
    assert shop.spendable(home) == 1_200


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_what_the_shop_cannot_make_gives_the_points_back_to_their_lots(
    shop: Rewarding, home: str, fault: dict
) -> None:
    reward = shop.reward(stock=3)
    had, before = shop.have(reward), shop.lots(home)
    for _ in range(4):
        shop.standins.faults("shopify", [fault])
        shop.send()
    state, returned, reason = shop.state(had)
    assert (state, returned, bool(reason)) == ("failed", True, True)
    assert (before, shop.lots(home)) == ([700], [1_200])
    assert shop.rows("select stock from rewards") == [(3,)]
    assert [said["points"] for said in shop.told("points.redemption_failed")] == [500]
    assert "Your points are back." in shop.fragment()
    # Put back by hand, the delivery finds nothing to do any more.
    shop.rows(
        "update deliveries set dead_at = null, attempts = 0 where dead_at is not null returning 1"
    )
    shop.send()
    assert (shop.state(had)[0], shop.made()) == ("failed", [])


def test_a_sender_that_dies_every_time_gives_the_points_back(shop: Rewarding, home: str) -> None:
    had, work = shop.have(shop.reward()), discovery.handlers()[CREATE]
    assert isinstance(work, Send)
    for _ in range(len(RETRY_AFTER_SECONDS) + 2):
        sending.take_lease(shop.parts, CREATE, work, shop.merchant_id)
        shop.make_due(CREATE)
    reason = "no outcome was recorded within the lease"
    assert (shop.state(had), shop.spendable(home)) == (("failed", True, reason), 1_200)


def test_a_refusal_of_the_shop_is_final_at_once(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward(kind="free_product", product="gid://shopify/Product/1"))
    shop.send()
    assert shop.state(had) == ("failed", True, "gid://shopify/Product/1 is not in the shop")
    assert shop.spendable(home) == 1_200


def test_a_code_that_was_made_unheard_is_ended(shop: Rewarding) -> None:
    had = shop.have(shop.reward())
    for _ in range(4):
        shop.standins.faults("shopify", [{"drop": True, "applied": True}] * 2)
        shop.send()
    assert (shop.state(had)[0], [d.status for d in shop.made()]) == ("failed", ["ACTIVE"])
    shop.standins.faults("shopify", [])
    shop.send(END)
    assert [d.status for d in shop.made()] == ["EXPIRED"]


def test_an_unused_code_is_ended_before_its_points_return(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward(stock=1))
    assert shop.give_up(had) == "redemption_preparing"
    shop.send()
    assert [shop.give_up(had), shop.give_up(had)] == ["cancelling", "cancelling"]
    assert shop.spendable(home) == 700
    shop.send(END)
    assert (shop.state(had)[:2], shop.spendable(home)) == (("returned", True), 1_200)
    assert [d.status for d in shop.made()] == ["EXPIRED"]
    assert shop.rows("select stock from rewards") == [(1,)]
    assert shop.give_up(had) == "returned"


def test_a_code_used_meanwhile_cannot_be_given_back(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward())
    shop.send()
    shop.give_up(had)
    shop.made()[0].users.append(7)
    shop.send(END)
    assert (shop.state(had)[:2], shop.spendable(home)) == (("used", False), 700)
    shop.uses(shop.code(had))
    assert shop.rows("select order_key is not null from redemptions") == [(True,)]
    assert shop.give_up(had) == "redemption_ended"


def test_an_order_overtakes_the_shops_answer(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward())
    shop.send()
    shop.give_up(had)
    shop.uses(shop.code(had).lower())
    shop.send(END)
    assert (shop.state(had)[:2], shop.spendable(home)) == (("used", False), 700)


def test_a_shop_that_does_not_end_a_code_leaves_it_good(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward())
    shop.send()
    shop.give_up(had)
    for _ in range(4):
        shop.standins.faults("shopify", [{"status": 500}])
        shop.send(END)
    assert (shop.state(had)[0], shop.spendable(home)) == ("ready", 700)
    assert "can still be used" in shop.fragment()
    assert shop.give_up(had) == "cancelling"


def test_the_last_piece_is_told_and_nobody_gets_one_more(shop: Rewarding, home: str) -> None:
    reward = shop.reward(points=100, stock=1)
    shop.have(reward)
    assert [said["reward"] for said in shop.told("points.reward_sold_out")] == ["Five off"]
    answer = shop.act("redeem", reward_id=reward)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "reward_sold_out")  # type: ignore[index]
    assert shop.spendable(home) == 1_100


def test_points_of_two_stores_buy_at_one_and_return_to_both(shop: Rewarding, home: str) -> None:
    elsewhere = shop.member("9", shop.add_store())
    shop.credit(elsewhere, 100)
    shop.merge(elsewhere, home)
    had = shop.have(shop.reward(points=1_250))
    shop.send()
    shop.part(elsewhere, home)
    shop.give_up(had)
    shop.send(END)
    assert (shop.spendable(home), shop.spendable(elsewhere)) == (1_200, 100)


def test_codes_are_read_without_mistakes() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(f"LN-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    assert not set("AEIOU018BSZ2L5") & set(ALPHABET)


@pytest.mark.parametrize(
    ("currency", "kind", "amounts", "minimums", "stores", "expected"),
    [
        ("USD", "amount_off", {"USD": 1}, {}, None, True),
        ("EUR", "amount_off", {"USD": 1}, {}, None, False),
        ("EUR", "free_shipping", {}, {}, ["s"], True),
        ("EUR", "free_shipping", {}, {"USD": 1}, None, False),
        ("USD", "free_shipping", {}, {}, ["other"], False),
    ],
)
def test_where_a_reward_can_be_had(
    currency: str, kind: str, amounts: dict, minimums: dict, stores: list | None, expected: bool
) -> None:
    assert offered("s", currency, kind, amounts, minimums, stores) is expected


def test_money_is_written_as_the_currency_writes_it(held: Parts, standins: Standins) -> None:
    shop = Rewarding(held, standins, currency="JPY")
    shop.credit(shop.member("7"), 500)
    shop.have(shop.reward(amounts={"JPY": 800}))
    shop.send()
    assert shop.made()[0].given["customerGets"]["value"]["discountAmount"]["amount"] == "800"  # type: ignore[index]


def test_a_day_is_a_day(shop: Rewarding) -> None:
    shop.have(shop.reward(valid_days=1))
    [(ends,)] = shop.rows("select expires_at from redemptions")
    assert ends - shop.clock.at == timedelta(days=1)
