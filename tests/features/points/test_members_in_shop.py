"""What members decide about themselves inside a shop: one balance, and their birthday."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from tests.factories import FixedClock, NoCache, Tenant, signed_query
from tests.features.points.people import Chain, make_chain
from webapp.app import create_app
from webapp.core import i18n
from webapp.features.points.service import sharing
from webapp.parts import Parts

ADA = "ada@shop.example"
LINKING = "actions/linking"


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(replace(held, cache=NoCache())).test_client()


@pytest.fixture
def chain(held: Parts, clock: FixedClock) -> Chain:
    """Ada is 7 at s1 and 8 at s2; the stores do not share yet."""
    made = make_chain(held.database, clock, "s2")
    made.customer("s1", "7", email=ADA, points=500)
    made.customer("s2", "8", email=ADA, points=100)
    return made


def panel(web: FlaskClient, chain: Chain, store: str, customer: str, locale: str = "en") -> str:
    """The rewards panel as that customer sees it."""
    signed = signed_query(at(chain, store), chain.clock.at, customer, locale=locale)
    return web.get(f"/proxy/widgets/rewards_panel?{signed}").text


def say(web: FlaskClient, chain: Chain, store: str, customer: str, action: str, **said: str) -> str:
    """Press a button of the panel; the panel then."""
    shown = panel(web, chain, store, customer)
    form = re.search(rf'actions/{action}.*?name="key" value="([^"]+)"', shown, re.DOTALL)
    key = form[1] if form else "none"
    signed = signed_query(at(chain, store), chain.clock.at, customer, locale="en")
    fields = {"widget": "rewards_panel", "key": key, **said}
    return web.post(f"/proxy/actions/{action}?{signed}", data=fields).text


def at(chain: Chain, store: str) -> Tenant:
    return replace(chain.tenant, store_id=chain.stores[store], shop=chain.domain(store))


def home(chain: Chain, customer: str) -> str:
    sql = "select customer_id from customer_identities where external_id = :e"
    return str(chain.ask(sql, e=customer)[0][0])


def test_nothing_is_asked_in_a_store_that_shares_with_nobody(
    web: FlaskClient, chain: Chain
) -> None:
    assert LINKING not in panel(web, chain, "s1", "7")
    chain.share("s1")
    assert LINKING not in panel(web, chain, "s1", "7")


def test_member_parts_and_links_themselves_as_often_as_they_like(
    web: FlaskClient, chain: Chain
) -> None:
    chain.share("s1", "s2")
    assert "Your points count in all our shops" in panel(web, chain, "s1", "7")
    for _ in range(2):
        page = say(web, chain, "s2", "8", "linking", allow="no")
        assert "kept apart" in page
        assert (chain.points(home(chain, "7")), chain.points(home(chain, "8"))) == (500, 100)
        chain.clock.advance(seconds=5)
        page = say(web, chain, "s2", "8", "linking", allow="yes")
        assert "Your points count in all our shops" in page
        assert chain.points(home(chain, "8")) == 600
        chain.clock.advance(seconds=5)


def test_member_is_asked_first_where_the_merchant_wants_it(web: FlaskClient, chain: Chain) -> None:
    with chain.act() as ctx:
        sharing.choose(ctx, shared_leaderboard=False, ask_members=True)
    chain.share("s1", "s2")
    assert "Do you want your points" in panel(web, chain, "s1", "7")
    say(web, chain, "s1", "7", "linking", allow="yes")
    assert chain.points(home(chain, "8")) == 600


def test_nobody_answers_for_somebody_else(web: FlaskClient, chain: Chain) -> None:
    chain.share("s1", "s2")
    other = chain.customer("s1", "9", points=10)
    page = say(web, chain, "s1", "9", "linking", allow="no", customer_id=home(chain, "7"))
    assert "another customer" in page
    assert chain.points(home(chain, "8")) == 600
    assert chain.points(other) == 10


def test_birthday_is_asked_for_once_and_kept(web: FlaskClient, chain: Chain) -> None:
    assert "actions/birthday" not in panel(web, chain, "s1", "7")
    chain.rule(birthday=20)
    page = say(web, chain, "s1", "7", "birthday", month="6", day="1")
    assert "You get 20 points on the day." in page
    assert "actions/birthday" not in page
    assert [tuple(r) for r in chain.ask("select month, day from birthdays")] == [(6, 1)]


@pytest.mark.parametrize(("month", "day"), [("2", "30"), ("13", "1"), ("x", "1"), ("1", "0")])
def test_no_birthday_is_refused_in_words(
    web: FlaskClient, chain: Chain, month: str, day: str
) -> None:
    chain.rule(birthday=20)
    page = say(web, chain, "s1", "7", "birthday", month=month, day=day)
    assert "cannot be used" in page
    assert chain.ask("select 1 from birthdays") == []


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_panel_with_both_is_whole_in_every_language(
    web: FlaskClient, chain: Chain, locale: str
) -> None:
    chain.share("s1", "s2")
    chain.rule(birthday=20)
    page = panel(web, chain, "s1", "7", locale)
    assert f'lang="{locale}" dir="{i18n.direction(locale)}"' in page
    assert page.count("<option") == 31 + 12
    assert LINKING in page
