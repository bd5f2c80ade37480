"""The catalogue: the page that keeps it, and what members of each store see of it."""

import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.entry.test_dashboard import sign_in
from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.core import i18n
from webapp.core.errors import AppError
from webapp.features.points import service
from webapp.features.points.queries.rewards import Where
from webapp.features.points.service.rewards import MOST_REWARDS, proposed_amounts
from webapp.parts import Parts

GOOD = {
    "locale": "en",
    "kind": "amount_off",
    "name-en": "Ten off",
    "points": "1000",
    "amount-USD": "10,50",
    "minimum-USD": "30",
    "valid_days": "90",
    "return_on_expiry": "return",
    "position": "1",
}


@pytest.fixture
def shop(held: Parts, standins: Standins) -> Rewarding:
    """Customer 7 holds 600 points; the merchant is signed in."""
    made = Rewarding(held, standins)
    sign_in(made.parts, made.web, made.tenant)
    made.credit(made.member("7"), 600)
    return made


def send(web: FlaskClient, action: str, **fields: object) -> str:
    """Send a form of the page, and follow where it leads; the page then shown."""
    page = web.get("/admin/rewards").text
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    form = {"form_token": found[1], **fields}
    return web.post(f"/admin/rewards/{action}", data=form, follow_redirects=True).text


def save(shop: Rewarding, **changed: object) -> str:
    return send(shop.web, "save", **{**GOOD, **changed})


def kept(shop: Rewarding, column: str) -> object:
    [(found,)] = shop.rows(f"select {column} from rewards")  # noqa: S608 - named by tests
    return found


def test_an_empty_catalogue_is_begun_in_every_language(shop: Rewarding) -> None:
    assert "No rewards yet" in shop.web.get("/admin/rewards").text
    page = send(shop.web, "begin")
    assert "No rewards yet" not in page
    assert "$5.00, so 100 points are worth $1.00" in page
    kinds = shop.rows("select kind, points, amounts from rewards order by position")
    assert kinds == [
        ("amount_off", 500, {"USD": 500}),
        ("free_shipping", 750, {}),
        ("amount_off", 1000, {"USD": 1000}),
    ]
    assert all(
        set(names) == set(i18n.LOCALES) for (names,) in shop.rows("select names from rewards")
    )
    send(shop.web, "begin")
    assert len(shop.rows("select 1 from rewards")) == 3


@pytest.mark.parametrize(
    ("stores", "rates", "amounts"),
    [
        ({"a": "EUR"}, {}, {"EUR": 500}),
        ({"a": "JPY"}, {"a": "0.0061"}, {"JPY": 810}),
        ({"a": "KWD"}, {"a": "3.02"}, {"KWD": 1600}),
        ({"a": "EUR", "b": "EUR"}, {"a": "1", "b": "2"}, {"EUR": 250}),
        ({"a": "EUR", "b": "USD"}, {"b": "0"}, {"EUR": 500}),
        ({"a": "KRW"}, {"a": "1000000"}, {"KRW": 1}),
    ],
)
def test_what_is_proposed_is_a_hundredth_of_what_was_spent(
    stores: dict[str, str], rates: dict[str, str], amounts: dict[str, int]
) -> None:
    where = [Where(store_id, store_id, currency) for store_id, currency in stores.items()]
    said = {store_id: Decimal(rate) for store_id, rate in rates.items()}
    assert proposed_amounts(500, where, said) == amounts


def test_a_reward_is_made_and_changed_and_old_codes_stay(shop: Rewarding) -> None:
    assert "Ten off" in save(shop, points="500", **{"name-de": "Zehn weniger"})
    assert (kept(shop, "amounts"), kept(shop, "minimums")) == ({"USD": 1050}, {"USD": 3000})
    reward = str(kept(shop, "reward_id"))
    shop.have(reward)
    page = shop.web.get(f"/admin/rewards?edit={reward}").text
    assert 'value="10.50"' in page and 'value="Zehn weniger"' in page
    changed = {"reward_id": reward, "kind": "percentage", "percent": "15", "points": "700"}
    assert "(15%)" in save(shop, **changed, **{"name-en": "Fifteen"})
    assert kept(shop, "names") == {"en": "Fifteen"}
    [(terms, points)] = shop.rows("select terms, points from redemptions")
    assert (terms["kind"], terms["amount_minor"], points) == ("amount_off", 1050, 500)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name-en": ""}, "Name is required."),
        ({"points": ""}, "Cost in points is required."),
        ({"points": "0"}, "Cost in points has a value that cannot be used: 0"),
        ({"points": "5e3"}, "Cost in points has a value that cannot be used: 5e3"),
        ({"amount-USD": ""}, "Taken off in USD is required."),
        ({"amount-USD": "1.005"}, "Taken off in USD has a value that cannot be used: 1.005"),
        ({"amount-USD": "-1"}, "Taken off in USD has a value that cannot be used: -1"),
        ({"minimum-USD": "much"}, "Minimum order in USD has a value that cannot be used: much"),
        ({"kind": "percentage"}, "Per cent is required."),
        ({"kind": "percentage", "percent": "101"}, "Per cent has a value that cannot be used: 101"),
        ({"kind": "free_product"}, "Product is required."),
        (
            {"kind": "free_product", "product": "mug"},
            "Product has a value that cannot be used: mug",
        ),
        ({"kind": "cash"}, "Kind has a value that cannot be used: cash"),
        ({"stock": "-1"}, "Stock has a value that cannot be used: -1"),
        ({"valid_days": "9999"}, "Days a code can be used has a value that cannot be used: 9999"),
        ({"return_on_expiry": "x"}, "When a code runs out unused has a value that cannot be used"),
        ({"stores": "sto_other"}, "Stores has a value that cannot be used: sto_other"),
        ({"name-fr": "x" * 121}, "Name has a value that cannot be used: xxx"),
        ({"reward_id": "rwd_gone"}, "There is no such reward."),
    ],
)
def test_bad_input_is_named_and_everything_is_kept(
    shop: Rewarding, changed: dict[str, str], said: str
) -> None:
    page = save(shop, **{"description-he": "מתנה", **changed})
    assert said in page
    assert shop.rows("select 1 from rewards") == []
    if "reward_id" not in changed:
        assert 'value="מתנה"' in page
        assert f'value="{changed.get("minimum-USD", "30")}"' in page


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("81", "Product/81"),
        ("gid://shopify/Product/82", "Product/82"),
        ("gid://shopify/ProductVariant/83", "ProductVariant/83"),
        ("https://admin.shopify.com/store/nest/products/84?tab=1", "Product/84"),
    ],
)
def test_a_product_is_named_in_any_usual_way(shop: Rewarding, written: str, meant: str) -> None:
    save(shop, kind="free_product", product=written)
    assert kept(shop, "product") == f"gid://shopify/{meant}"


def test_a_paused_reward_is_not_offered(shop: Rewarding) -> None:
    reward = shop.reward()
    assert "Five off" in shop.fragment()
    page = send(shop.web, "pause", reward_id=reward, active="")
    assert "Paused" in page
    assert "Five off" not in shop.fragment()
    answer = shop.act("redeem", reward_id=reward)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "reward_unavailable")  # type: ignore[index]
    send(shop.web, "pause", reward_id=reward, active="yes")
    assert shop.have(reward)


def test_all_stores_ticked_are_also_those_to_come(shop: Rewarding) -> None:
    save(shop, stores=shop.store_id)
    assert kept(shop, "stores") is None
    other = shop.add_store("EUR")
    save(shop, reward_id=str(kept(shop, "reward_id")), stores=other, **{"amount-EUR": "9"})
    assert kept(shop, "stores") == [other]
    assert "Ten off" not in shop.fragment()


def test_a_store_that_is_not_connected_offers_no_code(shop: Rewarding) -> None:
    reward = shop.reward()
    shop.rows("update stores set access_token = null returning 1")
    answer = shop.act("redeem", reward_id=reward)
    assert answer.json["error"]["code"] == "reward_unavailable"  # type: ignore[index]


def test_there_are_only_so_many_rewards(shop: Rewarding) -> None:
    for _ in range(MOST_REWARDS):
        shop.reward()
    with pytest.raises(AppError, match="too_many_rewards"):
        shop.reward()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("names", '\'{"xx": "X", "en": "E"}\'::jsonb'),
        ("names", '\'{"de": "D"}\'::jsonb'),
        ("points", "0"),
        ("stock", "-1"),
        ("percent", "101"),
        ("product", "'javascript:x'"),
        ("kind", "'cash'"),
        ("amounts", "'{}'::jsonb"),
    ],
)
def test_the_database_itself_refuses(shop: Rewarding, column: str, value: str) -> None:
    shop.reward()
    with pytest.raises(IntegrityError), shop.open() as ctx:
        ctx.db.execute(text(f"update rewards set {column} = {value}"))  # noqa: S608 - listed above


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_the_page_is_whole_in_every_language(shop: Rewarding, locale: str) -> None:
    shop.reward()
    shop.rows("update admin_users set locale = :l returning 1", l=locale)
    page = shop.web.get("/admin/rewards").text
    assert f'lang="{locale}"' in page
    assert "%(" not in page


def test_who_may_not_change_points_sees_no_rewards(held: Parts, standins: Standins) -> None:
    shop = Rewarding(held, standins)
    sign_in(shop.parts, shop.web, shop.tenant)
    shop.rows("update admin_users set role = 'analyst' returning 1")
    assert shop.web.get("/admin/rewards").status_code == 403


def test_a_language_without_a_name_reads_the_rewards_own(shop: Rewarding) -> None:
    shop.reward()
    assert "Fünf weniger" in shop.fragment(locale="de")
    assert "Five off" in shop.fragment(locale="fr")


def test_a_saved_reward_is_audited_without_names(shop: Rewarding) -> None:
    shop.reward()
    [(said,)] = shop.rows("select metadata from audit_logs where action = 'reward_saved'")
    assert set(said) == {"reward_id", "kind", "points"}


def test_begin_gives_nothing_where_there_is_something(shop: Rewarding) -> None:
    shop.reward()
    with shop.open() as ctx:
        assert service.begin_catalogue(ctx) == 0


def test_what_is_taken_while_a_merchant_edits_stays_taken(shop: Rewarding) -> None:
    save(shop, stock="10", points="100")
    reward = str(kept(shop, "reward_id"))
    page = shop.web.get(f"/admin/rewards?edit={reward}").text
    assert 'name="stock_seen" value="10"' in page
    shop.have(reward)
    seen = {"reward_id": reward, "stock_seen": "10", "points": "100"}
    save(shop, stock="10", **seen)
    assert kept(shop, "stock") == 9
    save(shop, stock="25", **seen)
    assert kept(shop, "stock") == 24
    save(shop, stock="", **seen)
    assert kept(shop, "stock") is None
