"""The pages Members and Sharing, as a merchant uses them."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock
from tests.features.points.people import Chain, make_chain
from webapp.app import create_app
from webapp.core import i18n
from webapp.features.points import service
from webapp.features.points.messages import RedeemReward, SaveReward
from webapp.parts import Parts

ADA = "ada@shop.example"


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


@pytest.fixture
def chain(held: Parts, web: FlaskClient, clock: FixedClock) -> Chain:
    """A signed-in merchant with two stores, in both of which Ada is a customer."""
    made = make_chain(held.database, clock, "s2")
    made.share("s1")
    sign_in(held, web, made.tenant)
    return made


def send(web: FlaskClient, action: str, **fields: str) -> TestResponse:
    """Send a form of a page, and follow where it leads."""
    page = action.partition("/")[0]
    found = re.search(r'name="form_token" value="([^"]+)"', web.get(f"/admin/{page}").text)
    assert found
    form = {"form_token": found[1], **fields}
    return web.post(f"/admin/{action}", data=form, follow_redirects=True)


def key_on(page: str) -> str:
    found = re.search(r'name="key" value="(adj_[^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "asked",
    ["7", "gid://shopify/Customer/7", "ADA@shop.example", "+49 (30) 123456", "{home}"],
)
def test_member_is_found_by_whatever_people_have_of_them(
    web: FlaskClient, chain: Chain, asked: str
) -> None:
    home = chain.customer("s1", "7", email=ADA, phone="+4930123456", points=30)
    chain.customer("s2", "9", email="bob@shop.example")
    page = send(web, "members/find", asked=asked.format(home=home)).text
    assert re.findall(r"\?member=([^\"]+)", page) == [home]


def test_address_that_was_looked_for_is_in_no_address_of_a_page(
    web: FlaskClient, chain: Chain
) -> None:
    chain.customer("s1", "7", email=ADA)
    answer = send(web, "members/find", asked=ADA)
    assert answer.request.path == "/admin/members/find"
    assert not answer.request.query_string
    assert "Nobody is known by that." in send(web, "members/find", asked="x@shop.example").text


def test_page_of_a_member_shows_stores_balance_and_why(web: FlaskClient, chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA, points=500)
    chain.customer("s2", "8", email=ADA, points=100)
    chain.share("s2")
    page = web.get(f"/admin/members?member={one}").text
    for shown in (
        "Customer 7",
        "Customer 8",
        "<dd>600</dd>",
        "+500",
        "+100",
        "Same verified e-mail",
    ):
        assert shown in page


def test_page_of_a_member_shows_what_was_redeemed(web: FlaskClient, chain: Chain) -> None:
    home = chain.customer("s1", "7", points=500)
    chain.ask("update stores set access_token = 'sealed'")
    with chain.database.transaction(chain.tenant.merchant_id) as ctx:
        wanted = SaveReward("free_shipping", 400, "en", {"en": "Sent for free"})
        reward = service.save_reward(ctx, wanted)
        service.redeem(ctx, RedeemReward(home, chain.stores["s1"], "7", "key-of-the-wish", reward))
    page = web.get(f"/admin/members?member={home}").text
    assert "Sent for free" in page
    assert "Until " in page


def test_correction_counts_once_and_is_audited_without_its_words(
    web: FlaskClient, chain: Chain
) -> None:
    home = chain.customer("s1", "7", points=100)
    key = key_on(web.get(f"/admin/members?member={home}").text)
    form = {"member": home, "store": chain.stores["s1"], "reason": "Lost parcel", "key": key}
    for _ in range(2):
        page = send(web, "members/adjust", points="50", **form).text
    assert "Lost parcel" in page
    assert chain.points(home) == 150
    rows = chain.ask("select metadata from audit_logs where action = 'points_adjusted'")
    assert [row[0]["points"] for row in rows] == [50]
    assert "Lost parcel" not in str(rows)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"points": "-101"}, "insufficient_points"),
        ({"points": "0"}, "invalid_value"),
        ({"points": "1.5"}, "invalid_value"),
        ({"points": "9999999999"}, "invalid_value"),
        ({"reason": ""}, "field_required"),
        ({"reason": "x" * 201}, "invalid_value"),
        ({"key": "adj_"}, "invalid_value"),
        ({"store": "sto_theirs"}, "store_not_found"),
    ],
)
def test_correction_that_makes_no_sense_is_refused(
    web: FlaskClient, chain: Chain, fields: dict[str, str], code: str
) -> None:
    home = chain.customer("s1", "7", points=100)
    form = {
        "member": home,
        "store": chain.stores["s1"],
        "points": "5",
        "reason": "A gift",
        "key": "adj_0123456789abcdef",
        **fields,
    }
    answer = send(web, "members/adjust", **form)
    assert answer.headers["X-LoyalNest-Error"] == code
    assert chain.points(home) == 100


def test_two_members_are_linked_by_hand_after_a_look_and_parted_again(
    web: FlaskClient, chain: Chain
) -> None:
    one = chain.customer("s1", "7", points=500)
    two = chain.customer("s2", "8", points=100)
    page = web.get(f"/admin/members?member={one}&with=8").text
    assert "<dd>600</dd>" in page
    assert chain.links() == []
    send(web, "members/merge", member=one, other=two)
    assert chain.points(two) == 600
    page = send(web, "members/unlink", member=one, link=chain.links()[0]).text
    assert "The link is undone." in page
    assert (chain.points(one), chain.points(two)) == (500, 100)


def test_member_of_another_merchant_is_nowhere(
    held: Parts, web: FlaskClient, chain: Chain, clock: FixedClock
) -> None:
    other = make_chain(held.database, clock)
    theirs = other.customer("s1", "77", email="theirs@shop.example", points=40)
    mine = chain.customer("s1", "7", points=10)
    assert web.get(f"/admin/members?member={theirs}").status_code == 404
    for asked in ("77", theirs, "theirs@shop.example"):
        assert "Nobody is known by that." in send(web, "members/find", asked=asked).text
    assert send(web, "members/merge", member=mine, other=theirs).status_code == 404
    form = {"store": chain.stores["s1"], "reason": "x", "key": "adj_0123456789abcdef"}
    assert send(web, "members/adjust", member=theirs, points="5", **form).status_code == 404
    assert (other.points(theirs), chain.points(mine)) == (40, 10)


def test_analyst_sees_neither_page(held: Parts, chain: Chain) -> None:
    web = create_app(held).test_client()
    sign_in(held, web, chain.tenant, role="analyst")
    assert [web.get(f"/admin/{path}").status_code for path in ("members", "sharing")] == [403, 403]


def test_manager_looks_members_up_but_does_not_decide_what_is_shared(
    held: Parts, chain: Chain
) -> None:
    web = create_app(held).test_client()
    sign_in(held, web, chain.tenant, role="manager")
    assert [web.get(f"/admin/{path}").status_code for path in ("members", "sharing")] == [200, 403]


def test_store_is_added_after_a_look_and_the_change_undone(web: FlaskClient, chain: Chain) -> None:
    chain.customer("s1", "7", email=ADA, points=500)
    chain.customer("s2", "8", email=ADA, points=100)
    page = web.get(f"/admin/sharing?look={chain.stores['s2']}").text
    assert "500 + 100 = 600" in page
    assert ADA not in page
    page = send(web, "sharing/add", store=chain.stores["s2"]).text
    assert "Its members are being linked." in page
    chain.hear("sharing.widened")
    page = web.get("/admin/sharing").text
    assert "1 link came of it" in page
    change = re.search(r'name="change" value="([^"]+)"', page)
    assert change
    send(web, "sharing/undo", change=change[1])
    chain.hear("sharing.narrowed")
    assert chain.links() == []


def test_choices_are_kept_as_ticked(web: FlaskClient, chain: Chain) -> None:
    page = send(web, "sharing/choose", shared_leaderboard="yes").text
    assert re.search(r'name="shared_leaderboard" value="yes" checked', page)
    assert not re.search(r'name="ask_members" value="yes" checked', page)


def test_link_is_undone_and_members_of_a_left_store_are_parted_on_the_page(
    web: FlaskClient, chain: Chain
) -> None:
    for number in ("1", "2"):
        chain.customer("s1", number, email=f"{number}@shop.example")
        chain.customer("s2", number, email=f"{number}@shop.example")
    chain.share("s2")
    send(web, "sharing/unlink", link=chain.links()[0])
    assert len(chain.links()) == 1
    assert "Part its members" not in web.get("/admin/sharing").text
    page = send(web, "sharing/remove", store=chain.stores["s2"]).text
    assert "Part its members" in page
    send(web, "sharing/part", store=chain.stores["s2"])
    chain.hear("sharing.narrowed")
    assert chain.links() == []


@pytest.mark.parametrize("locale", ["en", "de", "ja", "ar"])
def test_pages_are_whole_in_every_direction(web: FlaskClient, chain: Chain, locale: str) -> None:
    home = chain.customer("s1", "7", email=ADA, points=1500)
    chain.customer("s2", "8", email=ADA, points=100)
    chain.rule(signup=50)
    chain.tell("s1", "7", joined=("7",))
    for address in (f"members?member={home}&with=8", f"sharing?look={chain.stores['s2']}"):
        page = web.get(f"/admin/{address}&locale={locale}").text
        assert f'lang="{locale}" dir="{i18n.direction(locale)}"' in page
        assert page.count('class="table-scroll" tabindex="0" role="group" aria-labelledby') == 1
        assert i18n.number(locale, 1550) in page
