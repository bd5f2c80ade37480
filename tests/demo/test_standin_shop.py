"""The shop of the stand-in, asked by the real clients of LoyalNest over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.demo.admin_api import call
from tests.factories import FixedClock
from webapp.core.words import Money
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import Shop, ShopifyAdmin, oauth, orders, people
from webapp.demo.standins.shopify.memory import Memory
from webapp.demo.standins.shopify.state import Line, ShopState
from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.gateways.shopify_bulk import bulk_lines, bulk_operation, run_bulk_query
from webapp.gateways.shopify_shop import NewSubscription, ShopOf
from webapp.gateways.shopify_webhooks import orders_changed_since, subscribe, subscriptions

DOMAIN, TOKEN = "shop-name.myshopify.com", "shpat_test"
ALL_ORDERS = "2020-01-01T00:00:00Z"


@pytest.fixture
def admin(tmp_path: Path, clock: FixedClock) -> ShopifyAdmin:
    shop = Shop(DOMAIN, "Nest & Bloom", "EUR", TOKEN, "key", "hush")
    store = MetafieldStore(tmp_path / "shopify.db", clock)
    return ShopifyAdmin(store, {DOMAIN: shop}, clock=clock)


@pytest.fixture
def state(admin: ShopifyAdmin) -> ShopState:
    return admin.states[DOMAIN]


@pytest.fixture
def server(admin: ShopifyAdmin) -> Iterator[StandinServer]:
    with StandinServer(admin) as running:
        yield running


@pytest.fixture
def caller() -> Iterator[Caller]:
    made = Caller()
    yield made
    made.close()


@pytest.fixture
def client(server: StandinServer, caller: Caller) -> HttpShopifyAdmin:
    return HttpShopifyAdmin(f"{server.url}/{{shop}}", caller)


def buy(state: ShopState, customer: int, price: str, **more: object) -> int:
    line = Line("Fern", 1, Decimal(price))
    return orders.place(state, customer, [line], **more).number  # type: ignore[arg-type]


def test_orders_are_read_page_by_page_in_the_order_of_their_change(
    client: HttpShopifyAdmin, state: ShopState, clock: FixedClock
) -> None:
    placed = []
    for number in range(30):
        clock.advance(seconds=1)
        placed.append(buy(state, 7, f"{number}.50"))
    clock.advance(hours=1)
    orders.refund(state, placed[0], Decimal("0.25"))
    first = orders_changed_since(client, DOMAIN, TOKEN, ALL_ORDERS, None)
    second = orders_changed_since(client, DOMAIN, TOKEN, ALL_ORDERS, first.next)
    ids = [int(node["id"].rpartition("/")[2]) for node in (*first.nodes, *second.nodes)]
    assert (len(first.nodes), ids, second.next) == (20, [*placed[1:], placed[0]], None)
    assert second.nodes[-1]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    since = clock.now() - timedelta(minutes=1)
    recent = orders_changed_since(client, DOMAIN, TOKEN, since.isoformat(), None)
    assert len(recent.nodes) == 1


def test_old_orders_need_a_scope(client: HttpShopifyAdmin, state: ShopState) -> None:
    old = state.now() - timedelta(days=61)
    buy(state, 7, "1.00", created_at=old)
    buy(state, 7, "2.00")
    assert len(orders_changed_since(client, DOMAIN, TOKEN, ALL_ORDERS, None).nodes) == 2
    state.change(scopes=frozenset({"read_orders"}))
    assert len(orders_changed_since(client, DOMAIN, TOKEN, ALL_ORDERS, None).nodes) == 1
    state.change(scopes=frozenset())
    with pytest.raises(GatewayError, match="Access denied"):
        orders_changed_since(client, DOMAIN, TOKEN, ALL_ORDERS, None)


def test_addresses_are_hidden_from_an_app_that_may_not_see_them(
    admin: ShopifyAdmin, state: ShopState
) -> None:
    people.save(state, 7, email="ada@example.com", email_state="SUBSCRIBED")
    query = """{ customers(first: 5, query: "id:7") { nodes { id email
      defaultEmailAddress { emailAddress marketingState } } } }"""
    seen = call(admin, query)["data"]["customers"]["nodes"][0]
    assert seen["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"
    state.change(protected=False)
    hidden = call(admin, query)["data"]["customers"]["nodes"][0]
    assert (hidden["email"], hidden["defaultEmailAddress"]) == (None, None)


def test_a_bulk_operation_reads_everything(
    client: HttpShopifyAdmin, state: ShopState, caller: Caller
) -> None:
    for number in range(3):
        buy(state, 7, f"{number + 1}.00")
    query = "{ orders { edges { node { id lineItems { edges { node { title } } } } } } }"
    started = run_bulk_query(client, DOMAIN, TOKEN, query)
    with pytest.raises(GatewayError, match="already in progress"):
        run_bulk_query(client, DOMAIN, TOKEN, query)
    assert not bulk_operation(client, DOMAIN, TOKEN, started.id).over  # type: ignore[union-attr]
    done = bulk_operation(client, DOMAIN, TOKEN, started.id)
    assert done is not None
    assert (done.status, done.object_count) == ("COMPLETED", 6)
    with bulk_lines(caller, done, most_bytes=10_000, seconds=5) as found:
        lines = list(found)
    assert lines[1] == {"title": "Fern", "__parentId": lines[0]["id"]}


def test_a_bulk_operation_can_fail_or_find_nothing(
    client: HttpShopifyAdmin, state: ShopState
) -> None:
    query = "{ orders { nodes { id } } }"
    state.bulk_polls = 0
    empty = run_bulk_query(client, DOMAIN, TOKEN, query)
    done = bulk_operation(client, DOMAIN, TOKEN, empty.id)
    assert (done.status, done.url) == ("COMPLETED", "")  # type: ignore[union-attr]
    state.bulk_error = "TIMEOUT"
    failed = bulk_operation(client, DOMAIN, TOKEN, run_bulk_query(client, DOMAIN, TOKEN, query).id)
    assert (failed.status, failed.error_code) == ("FAILED", "TIMEOUT")  # type: ignore[union-attr]


def test_a_plan_is_approved_on_a_page(
    client: HttpShopifyAdmin, state: ShopState, server: StandinServer
) -> None:
    told: list[str] = []
    state._tell = lambda _, topic, payload: told.append(f"{topic} {payload}")
    shop = ShopOf(client, DOMAIN, TOKEN)
    new = NewSubscription("Growth", Money(2900, "USD"), 14, True, "http://127.0.0.1/back?a=1")
    first, second = shop.subscribe(new), shop.subscribe(new)
    assert shop.standing(first.external_id).status == "PENDING"
    with httpx.Client(trust_env=False) as browser:
        assert "test charge" in browser.get(first.confirmation_url).text
        for each in (first, second):
            answer = browser.post(each.confirmation_url, data={"decision": "approve"})
            assert answer.status_code == 303
        assert answer.headers["Location"].startswith("http://127.0.0.1/back?a=1&charge_id=")
        assert browser.get(first.confirmation_url).status_code == 404
    assert shop.standing(first.external_id).status == "CANCELLED"
    assert shop.standing(second.external_id).period_ends_at is not None
    assert shop.cancel(second.external_id).status == "CANCELLED"
    assert [word.split("'status': '")[1].split("'")[0] for word in told] == [
        *("ACTIVE", "CANCELLED", "ACTIVE", "CANCELLED")
    ]
    refused = shop.subscribe(NewSubscription("", Money(2900, "USD"), 0, True, "http://127.0.0.1"))
    assert "blank" in refused.refused


def test_a_shop_that_is_started_again_knows_who_was_let_in(
    client: HttpShopifyAdmin, admin: ShopifyAdmin, tmp_path: Path, clock: FixedClock
) -> None:
    subscribe(client, DOMAIN, TOKEN, "https://one.example/hooks", ["orders/paid"], {})
    new = NewSubscription("Growth", Money(2900, "USD"), 14, True, "http://127.0.0.1/back")
    ShopOf(client, DOMAIN, TOKEN).subscribe(new)
    admin.states[DOMAIN].tokens.add("shpat_granted")
    Memory(admin, tmp_path / "kept.json").keep()
    again = ShopifyAdmin(admin.store, admin.shops, clock=clock)
    Memory(again, tmp_path / "absent.json").recall()
    Memory(again, tmp_path / "kept.json").recall()
    before, after = admin.states[DOMAIN], again.states[DOMAIN]
    assert (after.hooks, after.plans, after.tokens) == (before.hooks, before.plans, before.tokens)
    again.close()


def test_the_shop_says_what_it_is(client: HttpShopifyAdmin, state: ShopState) -> None:
    state.change(timezone="Europe/Paris", plan="Basic", development=True)
    found = ShopOf(client, DOMAIN, TOKEN).describe()
    assert (found.currency, found.timezone, found.plan) == ("EUR", "Europe/Paris", "Basic")
    assert found.development


def test_subscriptions_are_made_moved_and_refused(
    client: HttpShopifyAdmin, admin: ShopifyAdmin
) -> None:
    topics = ("orders/paid", "customers/update")
    one, two = "https://one.example/hooks", "https://two.example/hooks"
    assert subscribe(client, DOMAIN, TOKEN, one, topics, {}) == {}
    assert "taken" in subscribe(client, DOMAIN, TOKEN, one, topics[:1], {})["orders/paid"]
    assert "https" in subscribe(client, DOMAIN, TOKEN, "http://a.example", topics, {})[topics[0]]
    found = subscriptions(client, DOMAIN, TOKEN, topics)
    subscribe(client, DOMAIN, TOKEN, two, topics[:1], {topics[0]: found[topics[0]][0].id})
    after = subscriptions(client, DOMAIN, TOKEN, topics)
    assert [after[topic][0].uri for topic in topics] == [two, one]
    delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }"
    for expected in ([], [{"message": "Webhook subscription could not be found"}]):
        answer = call(admin, delete, id=after[topics[0]][0].id)
        assert answer["data"]["webhookSubscriptionDelete"]["userErrors"] == expected


@pytest.mark.parametrize(
    ("mutation", "argument", "value"),
    [
        ("discountCodeBasicCreate", "basicCodeDiscount", {"percentage": 0.1}),
        ("discountCodeFreeShippingCreate", "freeShippingCodeDiscount", None),
    ],
)
def test_discount_codes_are_made_once(
    admin: ShopifyAdmin, mutation: str, argument: str, value: object
) -> None:
    kind = {"basicCodeDiscount": "DiscountCodeBasicInput!"}.get(
        argument, "DiscountCodeFreeShippingInput!"
    )
    document = f"""mutation($given: {kind}) {{ {mutation}({argument}: $given) {{
      codeDiscountNode {{ id codeDiscount {{ __typename ... on {kind[:-6]} {{ title
        codes(first: 1) {{ nodes {{ code }} }} }} }} }}
      userErrors {{ field code message }} }} }}"""
    given = {"title": "10 %", "code": "NEST-1", "startsAt": "2026-03-14T00:00:00Z"}
    given |= {"context": {"all": "ALL"}}  # type: ignore[dict-item]
    given |= {"customerGets": {"value": value}} if value else {}  # type: ignore[dict-item]
    made = call(admin, document, given=given)["data"][mutation]
    assert made["codeDiscountNode"]["codeDiscount"]["codes"]["nodes"] == [{"code": "NEST-1"}]
    again = call(admin, document, given=given)["data"][mutation]
    assert again["userErrors"][0]["code"] == "TAKEN"
    blank = call(admin, document, given={**given, "title": ""})["data"][mutation]
    assert blank["userErrors"][0]["field"] == [argument, "title"]


def test_the_catalogue_is_for_sale(admin: ShopifyAdmin) -> None:
    query = """{ products(first: 2, sortKey: TITLE) { nodes { title variants(first: 1) {
      nodes { price } } } pageInfo { hasNextPage endCursor } } }"""
    page = call(admin, query)["data"]["products"]
    assert page["pageInfo"]["hasNextPage"]
    assert page["nodes"][0]["variants"]["nodes"][0]["price"].endswith(".00")


def test_nothing_works_after_the_app_was_removed(
    client: HttpShopifyAdmin, state: ShopState
) -> None:
    oauth.revoke(state)
    with pytest.raises(GatewayError) as refused:
        client.check(DOMAIN, TOKEN)
    assert refused.value.credential
