"""Taxes, discount codes, refunds and customers of the stand-in, told as Shopify tells them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.demo.admin_api import call, points, set_points
from tests.factories import FixedClock
from webapp.demo.standins.exchange import Call
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.shopify import Shop, ShopifyAdmin, people, sales
from webapp.demo.standins.shopify.codes import RefusedCodeError
from webapp.demo.standins.shopify.commands import command
from webapp.demo.standins.shopify.memory import Memory
from webapp.demo.standins.shopify.state import Line, ShopState

DOMAIN = "shop-name.myshopify.com"
FERN = Line("Fern", 3, Decimal("10.00"), 4001, 4001)
POT = Line("Pot", 1, Decimal("25.00"), 4002, 4002)
CREATE = """mutation($given: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $given) { codeDiscountNode { id }
    userErrors { field code } } }"""
USES = """query($code: String!) { codeDiscountNodeByCode(code: $code) { codeDiscount {
  ... on DiscountCodeBasic { asyncUsageCount } } } }"""


@pytest.fixture
def told() -> list[tuple[str, Mapping[str, Any]]]:
    return []


@pytest.fixture
def state(tmp_path: Path, clock: FixedClock, told: list[tuple[str, Any]]) -> ShopState:
    made = admin_of(tmp_path, clock).states[DOMAIN]
    made._tell = lambda _, topic, payload: told.append((topic, payload))
    return made


def admin_of(folder: Path, clock: FixedClock) -> ShopifyAdmin:
    shop = Shop(DOMAIN, "Nest", "EUR", "shpat_test", shipping=Decimal("4.90"))
    shop = replace(shop, tax_rate=Decimal("0.19"), taxes_included=True)
    return ShopifyAdmin(MetafieldStore(folder / "shopify.db", clock), {DOMAIN: shop}, clock=clock)


def offer(state: ShopState, code: str = "NEST", **given: object) -> None:
    """A code of 10 percent off, or what `given` changes about it."""
    value = given.pop("value", {"percentage": 0.1})
    shape = {"title": "Ten", "code": code, "startsAt": "2026-01-01T00:00:00Z"}
    gets = {"value": value, "items": given.pop("items", {"all": True})}
    admin = ShopifyAdmin(MetafieldStore(Path("/nowhere"), state.clock), {})
    admin.shops[DOMAIN], admin.states[DOMAIN] = state.shop, state
    asked = {**shape, "context": {"all": "ALL"}, "customerGets": gets, **given}
    answer = call(admin, CREATE, given=asked)["data"]["discountCodeBasicCreate"]
    assert answer["userErrors"] == []
    admin.close()


def test_taxes_and_shipping_are_told_apart_from_the_goods(
    state: ShopState, told: list[tuple[str, Any]]
) -> None:
    sales.place(state, 7, [FERN, replace(POT, gift_card=True)])
    order = dict(told)["orders/paid"]
    assert (order["subtotal_price"], order["total_tax"]) == ("55.00", "4.79")
    assert (order["total_price"], order["taxes_included"]) == ("59.90", True)
    assert order["total_shipping_price_set"]["shop_money"]["amount"] == "4.90"
    assert [line["gift_card"] for line in order["line_items"]] == [False, True]
    assert [line["tax_lines"][:1] != [] for line in order["line_items"]] == [True, False]
    state.change(taxes_included=False)
    added = sales.place(state, 7, [FERN])
    assert (added.subtotal, added.tax, added.total) == tuple(map(Decimal, ("30", "5.70", "40.60")))


def test_small_currencies_have_their_own_digits(
    state: ShopState, told: list[tuple[str, Any]]
) -> None:
    state.change(currency="JPY", shipping=Decimal(0), tax_rate=Decimal(0))
    sales.place(state, 7, [Line("Fern", 1, Decimal(1999))])
    assert dict(told)["orders/paid"]["subtotal_price"] == "1999"


def test_a_percentage_is_spread_over_the_lines(
    state: ShopState, told: list[tuple[str, Any]]
) -> None:
    offer(state)
    sales.place(state, 7, [FERN, POT], code="nest")
    order = dict(told)["orders/paid"]
    assert order["discount_codes"] == [{"code": "NEST", "amount": "5.50", "type": "percentage"}]
    taken = [line["discount_allocations"][0]["amount"] for line in order["line_items"]]
    assert (taken, order["subtotal_price"], order["total_discounts"]) == (
        ["3.00", "2.50"],
        "49.50",
        "5.50",
    )


def test_an_amount_is_for_some_products_and_never_more_than_they_cost(state: ShopState) -> None:
    only = {"products": {"productsToAdd": ["gid://shopify/Product/4002"]}}
    offer(state, value={"discountAmount": {"amount": "30.00"}}, items=only)
    order = sales.place(state, 7, [FERN, POT], code="NEST")
    assert [line.discount for line in order.lines] == [Decimal(0), Decimal("25.00")]
    with pytest.raises(RefusedCodeError, match="other products"):
        sales.place(state, 7, [FERN], code="NEST")


def test_free_shipping_takes_the_shipping(state: ShopState) -> None:
    query = """mutation($g: DiscountCodeFreeShippingInput!) {
      discountCodeFreeShippingCreate(freeShippingCodeDiscount: $g) { userErrors { code } } }"""
    admin = ShopifyAdmin(MetafieldStore(Path("/nowhere"), state.clock), {})
    admin.states[DOMAIN] = state
    given = {"title": "Free", "code": "SENT", "startsAt": "2026-01-01T00:00:00Z"}
    call(admin, query, g={**given, "context": {"all": "ALL"}, "destination": {"all": True}})
    order = sales.place(state, 7, [FERN], code="SENT")
    assert (order.subtotal, order.total, order.codes[0].kind) == (30, 30, "shipping")


REFUSALS = {
    "customer": {"context": {"customers": {"add": ["gid://shopify/Customer/8"]}}},
    "expired": {"endsAt": "2026-01-02T00:00:00Z"},
    "yet": {"startsAt": "2099-01-01T00:00:00Z"},
    "at least 99": {"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "99"}}},
    "3 pieces": {"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "3"}}},
}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_code_that_does_not_count_says_why(state: ShopState, why: str) -> None:
    offer(state, **REFUSALS[why])
    with pytest.raises(RefusedCodeError, match=why):
        sales.place(state, 7, [POT], code="NEST")
    assert state.orders == {}


def test_a_single_use_is_counted(state: ShopState) -> None:
    bound = {"customers": {"add": ["gid://shopify/Customer/7"]}}
    offer(state, usageLimit=1, context=bound)
    sales.place(state, 7, [POT], code="NEST")
    with pytest.raises(RefusedCodeError, match="used already"):
        sales.place(state, 7, [POT], code="NEST")
    admin = ShopifyAdmin(MetafieldStore(Path("/nowhere"), state.clock), {})
    admin.states[DOMAIN] = state
    found = call(admin, USES, code="NEST")["data"]["codeDiscountNodeByCode"]
    assert found["codeDiscount"]["asyncUsageCount"] == 1


def test_what_comes_back_by_piece_adds_up(state: ShopState, told: list[tuple[str, Any]]) -> None:
    offer(state, value={"discountAmount": {"amount": "10.00"}})
    order = sales.place(state, 7, [FERN], code="NEST")
    back = [sales.refund(state, order.number, pieces={1: 1}) for _ in range(3)]
    assert [one.amount for one in back] == [Decimal("6.67"), Decimal("6.67"), Decimal("6.66")]
    refund = next(payload for topic, payload in told if topic == "refunds/create")
    line = refund["refund_line_items"][0]
    assert line["subtotal_set"]["shop_money"] == {"amount": "6.67", "currency_code": "EUR"}
    assert (line["total_tax_set"]["shop_money"]["amount"], refund["order_adjustments"]) == (
        "1.06",
        [],
    )
    with pytest.raises(ValueError, match="0 pieces"):
        sales.refund(state, order.number, pieces={1: 1})


def test_an_amount_alone_is_an_adjustment(state: ShopState, told: list[tuple[str, Any]]) -> None:
    order = sales.place(state, 7, [POT])
    sales.refund(state, order.number, Decimal("5.00"))
    refund = dict(told)["refunds/create"]
    assert refund["refund_line_items"] == []
    assert refund["order_adjustments"][0]["amount"] == "-5.00"
    assert refund["transactions"][0]["amount"] == "5.00"
    assert dict(told)["orders/updated"]["financial_status"] == "partially_refunded"


def test_a_cancelled_order_gives_the_money_back(
    state: ShopState, told: list[tuple[str, Any]]
) -> None:
    order = sales.place(state, 7, [FERN, POT])
    sales.cancel(state, order.number, give_back=True)
    topics = [topic for topic, _ in told][-4:]
    assert topics == ["refunds/create", "orders/updated", "orders/cancelled", "orders/updated"]
    last = dict(told)["orders/cancelled"]
    assert (last["cancel_reason"], last["financial_status"]) == ("customer", "refunded")
    assert last["refunds"][0]["refund_line_items"][0]["restock_type"] == "cancel"


def test_tags_are_added_found_and_removed(state: ShopState) -> None:
    admin = ShopifyAdmin(MetafieldStore(Path("/nowhere"), state.clock), {})
    admin.states[DOMAIN] = state
    change = """mutation($id: ID!, $tags: [String!]!) { %s(id: $id, tags: $tags) {
      node { ... on Customer { tags } } userErrors { message } } }"""
    find = '{ customers(first: 5, query: "tag:Gold") { nodes { legacyResourceId tags } } }'
    owner = "gid://shopify/Customer/7"
    people.save(state, 7, tags=["vip"])
    call(admin, change % "tagsAdd", id=owner, tags=["Gold", "gold-2"])
    assert call(admin, find)["data"]["customers"]["nodes"] == [
        {"legacyResourceId": "7", "tags": ["Gold", "gold-2", "vip"]}
    ]
    call(admin, change % "tagsRemove", id=owner, tags=["gold"])
    assert state.customers[7].tags == ("gold-2", "vip")
    wrong = call(admin, change % "tagsAdd", id=owner, tags=["x" * 41])
    assert "longer" in wrong["data"]["tagsAdd"]["userErrors"][0]["message"]


def test_customers_say_whether_their_address_is_verified(
    state: ShopState, told: list[tuple[str, Any]]
) -> None:
    people.save(state, 7, email="a@example.com", verified_email=False, state="DISABLED")
    people.save(state, 8, phone="+15550001", sms_state="SUBSCRIBED", sms_level="CONFIRMED_OPT_IN")
    first, second = (payload for _, payload in told)
    assert (first["verified_email"], first["state"]) == (False, "disabled")
    assert second["sms_marketing_consent"]["opt_in_level"] == "confirmed_opt_in"


def test_two_customers_become_one(state: ShopState, told: list[tuple[str, Any]]) -> None:
    order = sales.place(state, 8, [POT])
    people.save(state, 8, email="old@example.com")
    people.merge(state, 7, 8)
    topic, payload = told[-1]
    assert (topic, payload["status"]) == ("customers/merge", "completed")
    assert payload["admin_graphql_api_customer_deleted_id"].endswith("/8")
    assert (state.orders[order.number].customer, 8 in state.customers) == (7, False)
    with pytest.raises(ValueError, match="with orders"):
        people.delete(state, 7)
    people.delete(state, 9)
    assert told[-1][0] == "customers/delete"


def test_privacy_webhooks_go_where_the_others_go(tmp_path: Path, clock: FixedClock) -> None:
    admin = admin_of(tmp_path, clock)
    admin.deliveries.rules.retries, admin.deliveries.rules.pause = 0, 0.0

    def tell(**said: object) -> int:
        body = json.dumps(said).encode()
        path = f"/_shops/{DOMAIN}/privacy"
        answer = command(admin.states[DOMAIN], admin.deliveries, Call("POST", path, {}, body))
        return answer.status

    assert tell(topic="customers/redact", customer=7) == 422
    assert tell(topic="customers/redact", customer=7, uri="http://127.0.0.1:1/hooks") == 200
    assert tell(topic="orders/paid", uri="http://127.0.0.1:1/hooks") == 422
    assert admin.deliveries.wait(5)
    sent = admin.deliveries.tries[-1].webhook
    assert (sent.topic, b'"orders_to_redact": []' in sent.body) == ("customers/redact", True)
    admin.close()


def test_many_customers_are_read_at_once(tmp_path: Path, clock: FixedClock) -> None:
    admin = admin_of(tmp_path, clock)
    set_points(admin, points(7, "1"), points(7, "2", key="tier", namespace="other"), points(8, "3"))
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id
      metafields(first: 10, keys: ["$app:loyalnest.points_balance"]) {
        nodes { key value } } } } }"""
    ids = [f"gid://shopify/Customer/{number}" for number in (7, 8, 9)]
    answer = call(admin, query, ids=ids)
    found = [[f["value"] for f in node["metafields"]["nodes"]] for node in answer["data"]["nodes"]]
    assert found == [["1"], ["3"], []]
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 39
    few = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id } } }"
    assert "250" in call(admin, few, ids=ids * 100)["errors"][0]["message"]
    admin.close()


def test_orders_and_codes_outlive_the_process(
    state: ShopState, tmp_path: Path, clock: FixedClock
) -> None:
    offer(state, usageLimit=1)
    order = sales.place(state, 7, [FERN], code="NEST")
    sales.refund(state, order.number, pieces={1: 1})
    people.save(state, 7, email="a@example.com", tags=["vip"])
    first = admin_of(tmp_path, clock)
    first.states[DOMAIN] = state
    Memory(first, tmp_path / "kept.json").keep()
    again = admin_of(tmp_path, clock)
    Memory(again, tmp_path / "kept.json").recall()
    after = again.states[DOMAIN]
    assert (after.orders, after.discounts) == (state.orders, state.discounts)
    assert after.customers == state.customers
