"""The post-purchase widget as JSON: who may see what, by the token of the checkout."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.entry.embedding import api_key_of, bearer, claims, signed
from tests.factories import FixedClock, make_tenant
from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.core import i18n
from webapp.parts import Parts

UNCHECKED: Any = {"verify_signature": False}
ADDRESS = "/checkout/widgets/post_purchase"
ORDER = "gid://shopify/OrderIdentity/5001"


@pytest.fixture
def shop(held: Parts, standins: Standins) -> Rewarding:
    """Customer 7 has bought something in order 5001."""
    made = Rewarding(held, standins)
    home = made.member("7")
    made.order(home, 12_000, key="5001")
    return made


class Buyer:
    """The extension in the shop's checkout."""

    def __init__(self, shop: Rewarding, clock: FixedClock) -> None:
        self.shop, self.clock = shop, clock
        self.web: FlaskClient = shop.web
        self.key = api_key_of(shop.database, shop.tenant)

    def token(self, customer: str = "7", **said: Any) -> str:
        made = {
            **claims(self.clock, self.shop.tenant.shop, self.key),
            "dest": self.shop.tenant.shop,
        }
        for name in ("iss", "sub", "sid"):
            made.pop(name)
        if customer:
            made["sub"] = f"gid://shopify/Customer/{customer}"
        return signed({**made, **said})

    def get(self, token: str | None = None, **query: str) -> TestResponse:
        asked = {"order": ORDER, **query}
        headers = bearer(self.token() if token is None else token)
        return self.web.get(ADDRESS, query_string=asked, headers=headers)


@pytest.fixture
def buyer(shop: Rewarding, clock: FixedClock) -> Buyer:
    return Buyer(shop, clock)


def test_a_member_hears_what_the_order_earned(shop: Rewarding, buyer: Buyer) -> None:
    shop.reward(500)
    told = buyer.get().get_json()
    assert (told["state"], told["points_earned"], told["points_balance"]) == ("earned", 120, 120)
    assert told["lines"] == [
        "120 points for this order",
        "120 points to spend",
        "380 more points to a reward: Five off",
    ]
    assert (told["error"], told["join"]) == (None, None)


def test_a_reward_within_reach_is_named(shop: Rewarding, buyer: Buyer) -> None:
    shop.reward(100)
    assert "You have enough points for a reward: Five off" in buyer.get().get_json()["lines"]


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_it_speaks_every_language(buyer: Buyer, tag: str) -> None:
    told = buyer.get(locale=i18n.shopify_tags(tag)[0]).get_json()
    assert (told["locale"], told["dir"]) == (tag, i18n.direction(tag))
    said = i18n.plural(
        tag,
        "post_purchase.earned",
        "%(num)s point for this order",
        "%(num)s points for this order",
        120,
    )
    assert told["lines"][0] == said


def test_an_order_that_we_have_not_heard_of_is_on_its_way(buyer: Buyer) -> None:
    told = buyer.get(order="gid://shopify/OrderIdentity/9").get_json()
    assert (told["state"], told["points_earned"]) == ("pending", None)
    assert told["lines"][0] == "The points for this order are on their way."


def test_somebody_elses_order_is_one_that_we_have_not_heard_of(
    shop: Rewarding, buyer: Buyer
) -> None:
    shop.member("8")
    told = buyer.get(buyer.token("8")).get_json()
    assert (told["state"], told["points_balance"]) == ("pending", 0)


def test_a_guest_is_invited(buyer: Buyer) -> None:
    told = buyer.get(buyer.token("")).get_json()
    assert (told["state"], told["points_balance"]) == ("guest", None)
    assert told["join"] == {"label": "Create account", "path": "/account/register"}


def test_a_customer_whom_we_do_not_know_waits(buyer: Buyer) -> None:
    told = buyer.get(buyer.token("99")).get_json()
    assert (told["state"], told["points_balance"], len(told["lines"])) == ("pending", None, 1)


@pytest.mark.parametrize("order", ["", "5001", "gid://shopify/Customer/5001", "x" * 5_000])
def test_what_is_no_order_is_not_asked_for(buyer: Buyer, order: str) -> None:
    assert buyer.get(order=order).get_json()["state"] == "pending"


def test_wrong_tokens_are_refused_in_the_language_that_was_asked_for(
    shop: Rewarding, buyer: Buyer, clock: FixedClock
) -> None:
    admin = signed(claims(clock, shop.tenant.shop, buyer.key))
    other = make_tenant(shop.database)
    wrong = {
        "no token": "",
        "not ours": signed(
            {"aud": buyer.key, "dest": "x", "exp": 1, "nbf": 1},
            "a secret of somebody else, which is long enough",
        ),
        "of the admin": admin,
        "of another shop": buyer.token(dest=other.shop),
        "of another app": buyer.token(aud="nobody"),
        "no customer": buyer.token(sub="7"),
        "no time": buyer.token(exp="soon"),
        "not yet": buyer.token(nbf=int(clock.at.timestamp()) + 60),
    }
    for what, token in wrong.items():
        answer = buyer.get(token, locale="de")
        told = answer.get_json()
        assert (answer.status_code, told["error"]["code"]) == (401, "session_token_invalid"), what
        assert "lines" not in told
    late = buyer.get(buyer.token(exp=int(clock.at.timestamp()) - 60))
    assert late.get_json()["error"]["code"] == "session_token_expired"


def test_a_token_in_the_address_is_none(buyer: Buyer) -> None:
    answer = buyer.web.get(ADDRESS, query_string={"id_token": buyer.token()})
    assert answer.status_code == 401


def test_any_origin_may_ask_and_nobody_keeps_the_answer(buyer: Buyer) -> None:
    asked = buyer.web.options(ADDRESS, headers={"Origin": "https://extensions.shopifycdn.com"})
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert asked.headers["Access-Control-Allow-Headers"] == "Authorization"
    answer = buyer.get()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_widgets_of_themes_are_not_there_and_this_one_is_no_fragment(
    shop: Rewarding, buyer: Buyer
) -> None:
    headers = bearer(buyer.token())
    assert buyer.web.get("/checkout/widgets/rewards_panel", headers=headers).status_code == 404
