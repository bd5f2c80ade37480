"""The page behind a link inside the shop's theme, the panel that hands it out, and the merchant's
page."""

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from liquid import Environment
from werkzeug.test import TestResponse

from tests.entry.test_dashboard import sign_in
from tests.factories import SECRET, FixedClock, signed_query
from tests.features.points.friends import Friends
from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.app import create_app
from webapp.core import i18n
from webapp.core.tenancy import proxy_signature
from webapp.features.points import service
from webapp.features.points.domain.referrals import normal_code
from webapp.features.points.messages.referrals import STARTER
from webapp.parts import Parts

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
SEND = "points.send.points.referral_claimed"


class Shop:
    """A shop with the starter programme, whose customer 7 is a member with a link."""

    def __init__(self, rewarding: Rewarding, clock: FixedClock) -> None:
        self.rewarding, self.clock, self.web = rewarding, clock, rewarding.web
        self.friends = Friends(rewarding.database, clock, rewarding.tenant)
        self.friends.give(hold_days=0)
        self.member = self.friends.member()
        self.code = self.friends.link(self.member)
        sql = "update customer_identities set external_id = '7' where customer_id = :h"
        self.friends.ask(sql, h=self.member)

    def query(self, customer: str = "", **more: str) -> str:
        return signed_query(self.friends.tenant, self.clock.at, customer, **more)

    def see(self, customer: str = "", code: str = "", **more: str) -> TestResponse:
        address = f"/proxy/r/{code or self.code}?{self.query(customer, **more)}"
        return self.web.get(address, headers=BROWSER)

    def send(self, customer: str = "", *, htmx: bool = False, **form: str) -> TestResponse:
        address = f"/proxy/r/{self.code}?{self.query(customer, locale='en')}"
        headers = {**BROWSER, **({"HX-Request": "true"} if htmx else {})}
        return self.web.post(address, data={"key": "k1", **form}, headers=headers)

    def clicks(self) -> int:
        ((clicks,),) = self.friends.ask("select clicks from referral_links")
        return int(clicks)

    def discount(self) -> str:
        ((code,),) = self.friends.ask("select discount_code from referral_claims")
        return str(code)


@pytest.fixture
def shop(held: Parts, clock: FixedClock, standins: Standins) -> Shop:
    return Shop(Rewarding(held, standins), clock)


def shown(answer: TestResponse, locale: str = "en") -> str:
    """What the shop's theme makes of an answer."""
    assert (answer.status_code, answer.mimetype) == (200, "application/liquid")
    body = answer.text.replace("{% layout none %}", "")
    routes = {"account_login_url": "/account/login"}
    request = {"locale": {"iso_code": locale}}
    return str(Environment().render(body, request=request, routes=routes, shop={"name": "LEAK"}))


def test_page_is_in_the_language_of_the_shop(shop: Shop) -> None:
    every = shop.see()
    for locale in i18n.LOCALES:
        pages = [shown(every, tag) for tag in i18n.shopify_tags(locale)]
        for page in (*pages, shown(shop.see(locale=locale))):
            assert page.count("<section") == 1
            assert f'lang="{locale}" dir="{i18n.direction(locale)}"' in page
            assert 'href="/account/login?return_to=' in page
            assert "{" not in page


def test_page_of_a_language_that_we_do_not_speak_is_english(shop: Shop) -> None:
    assert 'lang="en"' in shown(shop.see(), "fi")


def test_page_shows_the_offer_and_never_who_invites(shop: Shop) -> None:
    shop.friends.give(minimums={"USD": 2_550})
    page = shown(shop.see())
    for text in ("A friend invites you", "10% off your first order", "$25.50"):
        assert text in page
    assert shop.member not in page


def test_page_may_be_kept_by_nobody_and_found_by_no_search_engine(shop: Shop) -> None:
    headers = shop.see().headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert (headers["Vary"], headers["X-Robots-Tag"]) == ("Cookie", "noindex")
    assert "ETag" not in headers


@pytest.mark.parametrize("code", ["XXXXXXXX", "%7B%7Bshop.name%7D%7D", "%3Cscript%3E", "a" * 500])
def test_unknown_code_is_a_friendly_page(shop: Shop, code: str) -> None:
    page = shown(shop.see(code=code))
    assert "This invitation does not exist" in page
    assert "<form" not in page
    assert "script>alert" not in page


def test_paused_programme_and_own_link_have_their_own_page(shop: Shop) -> None:
    own = shown(shop.see("7"))
    assert "This is your own invitation" in own
    assert f"https://{shop.friends.tenant.shop}/apps/loyalnest/r/{shop.code}" in own
    shop.friends.give(enabled=False)
    assert "Invitations are paused" in shown(shop.see())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("&signature=", "&signature=0"), "signature_invalid"),
        (("logged_in_customer_id=7", "logged_in_customer_id=8"), "signature_invalid"),
        (("shop-", "shop-x"), "signature_invalid"),
    ],
)
def test_forged_request_is_refused(shop: Shop, change: tuple[str, str], code: str) -> None:
    query = shop.query("7").replace(*change)
    for answer in (
        shop.web.get(f"/proxy/r/{shop.code}?{query}", headers=BROWSER),
        shop.web.post(f"/proxy/r/{shop.code}?{query}", data={"key": "k"}, headers=BROWSER),
    ):
        assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (401, code)
    assert (shop.clicks(), shop.friends.ask("select 1 from referral_claims")) == (0, [])


def test_link_of_another_shop_is_unknown_here(shop: Shop, held: Parts, standins: Standins) -> None:
    other = Rewarding(held, standins)
    query = signed_query(other.tenant, shop.clock.at)
    answer = other.web.get(f"/proxy/r/{shop.code}?{query}", headers=BROWSER)
    assert "This invitation does not exist" in shown(answer)


# What our own answers say in Liquid, and nothing else may be there.
OURS = re.compile(
    r"\{%- (case request\.locale\.iso_code|when '[\w-]+'(, '[\w-]+')*|else|endcase) -%\}"
    r"|\{% layout none %\}|\{\{ routes\.account_login_url \}\}"
)


@pytest.mark.parametrize("attack", ["{{ shop.name }}", "{% raw %}{{shop.name}}", "{{{%}}", "{%%}"])
def test_nothing_that_we_are_told_is_read_as_liquid(shop: Shop, attack: str) -> None:
    """Wherever it comes from: the form, the address, or what the shop says of itself."""
    tried = [
        shop.send(email=attack),
        shop.send(email="a@shop.example", more=attack),
        shop.see(claim=attack),
        shop.see(root=attack, locale=attack),
        shop.see(code=attack.replace("%", "%25").replace("{", "%7B")),
    ]
    for answer in tried:
        assert "LEAK" not in shown(answer)
        assert re.search(r"\{[{%]", OURS.sub("", answer.text)) is None


def test_path_prefix_is_not_read_as_liquid_either(shop: Shop) -> None:
    pairs = [
        ("shop", shop.friends.tenant.shop),
        ("logged_in_customer_id", ""),
        ("path_prefix", "/apps/{{shop.name}}"),
        ("timestamp", str(int(shop.clock.at.timestamp()))),
    ]
    query = urlencode([*pairs, ("signature", proxy_signature(pairs, SECRET))])
    page = shown(shop.web.get(f"/proxy/r/{shop.code}?{query}", headers=BROWSER))
    assert "LEAK" not in page
    assert "/apps/&#123;{shop.name}}/assets/page.css" in page


def test_guest_claims_and_comes_back_to_the_code(shop: Shop) -> None:
    answer = shown(shop.send(email="new@shop.example"))
    assert "Welcome! The invitation is yours." in answer
    assert "is being prepared" in answer
    found = re.search(r'href="\?claim=(clm_[\w-]+)"', answer)
    assert found is not None
    shop.rewarding.send(SEND)
    assert shop.discount() not in shown(shop.see())
    assert f"/discount/{shop.discount()}" in shown(shop.see(claim=found[1]))
    other = shown(shop.see("78", claim=found[1]))
    assert shop.discount() in other


def test_claim_of_a_customer_is_shown_to_that_customer_alone(shop: Shop) -> None:
    assert "is being prepared" in shown(shop.send("77"))
    shop.rewarding.send(SEND)
    ((claim_id,),) = shop.friends.ask("select claim_id from referral_claims")
    assert shop.discount() in shown(shop.see("77"))
    for customer in ("", "78"):
        assert shop.discount() not in shown(shop.see(customer, claim=claim_id))


def test_code_of_a_guest_is_for_one_use_and_that_of_a_customer_for_them_alone(shop: Shop) -> None:
    shop.send(email="new@shop.example")
    shop.send("77")
    shop.rewarding.send(SEND)
    made = [d.given for d in shop.rewarding.made()]
    assert [(g["usageLimit"], g["appliesOncePerCustomer"]) for g in made] == [(1, True)] * 2
    assert sorted(str(g["context"]) for g in made) == [
        "{'all': 'ALL'}",
        "{'customers': {'add': ['gid://shopify/Customer/77']}}",
    ]


def test_offers_are_made_as_they_are_promised(shop: Shop) -> None:
    shop.friends.give(offer="amount", amounts={"USD": 1_250}, minimums={"USD": 4_000})
    shop.send("77")
    shop.friends.give(offer="free_shipping", percentage=None)
    shop.send("78")
    shop.rewarding.send(SEND)
    amount, shipping = shop.rewarding.made()
    off = {"discountAmount": {"amount": "12.50", "appliesOnEachItem": False}}
    assert amount.given["customerGets"] == {"items": {"all": True}, "value": off}
    least = {"subtotal": {"greaterThanOrEqualToSubtotal": "40.00"}}
    assert amount.given["minimumRequirement"] == least
    assert shipping.kind == "DiscountCodeFreeShipping"


def test_code_that_the_shop_cannot_make_is_told(shop: Shop) -> None:
    shop.friends.ask("update stores set access_token = null")
    shop.send("77")
    shop.rewarding.send(SEND)
    assert "could not make your discount code" in shown(shop.see("77"))


def test_refused_guest_reads_why_and_may_try_again(shop: Shop) -> None:
    known = shop.friends.member(email="known@shop.example")
    shop.friends.order(known)
    page = shown(shop.send(email="known@shop.example"))
    assert "people who are new here" in page
    assert "<form" in page
    assert "ln-page__notice--bad" in shown(shop.send(email="nothing", key="k2"))
    assert "ln-page__notice--bad" in shown(shop.send(key="k3"))


def test_same_form_sent_again_is_one_claim(shop: Shop) -> None:
    first, again = (shown(shop.send(email="new@shop.example")) for _ in range(2))
    claims = [re.search(r"claim=(clm_[\w-]+)", page) for page in (first, again)]
    assert claims[0] is not None and claims[1] is not None
    assert claims[0][1] == claims[1][1]
    assert len(shop.friends.ask("select 1 from referral_claims")) == 1


def test_htmx_gets_the_page_without_the_theme(shop: Shop) -> None:
    answer = shop.send(email="new@shop.example", htmx=True)
    assert answer.text.startswith("{% layout none %}")


def test_program_claims_through_the_action_as_guest_or_customer(shop: Shop) -> None:
    address = f"/proxy/actions/claim_referral?{shop.query()}"
    said = {"key": "k9", "code": shop.code, "email": "new@shop.example"}
    answer = shop.web.post(address, json=said).json or {}
    assert (answer["status"], answer["state"]) == ("ok", "claimed")
    forged = {**said, "key": "k10", "external_id": "7"}
    assert (shop.web.post(address, json=forged).json or {})["error"]["code"] == "not_yours"


def test_other_site_cannot_make_a_browser_claim(shop: Shop) -> None:
    address = f"/proxy/r/{shop.code}?{shop.query('77')}"
    headers = {**BROWSER, "Sec-Fetch-Site": "cross-site"}
    answer = shop.web.post(address, data={"key": "k1"}, headers=headers)
    assert answer.headers["X-LoyalNest-Error"] == "form_expired"
    assert shop.friends.ask("select 1 from referral_claims") == []


# Clicks.


def test_each_visitor_counts_once_a_day(shop: Shop) -> None:
    for _ in range(3):
        shop.see()
    assert shop.clicks() == 1
    address = f"/proxy/r/{shop.code}?{shop.query()}"
    shop.web.get(address, headers={**BROWSER, "X-Forwarded-For": "203.0.113.9, 10.0.0.1"})
    assert shop.clicks() == 2
    shop.clock.advance(days=1)
    shop.see()
    assert shop.clicks() == 3


@pytest.mark.parametrize(
    "agent",
    ["", "facebookexternalhit/1.1", "WhatsApp/2.23", "Slackbot-LinkExpanding 1.0", "curl/8.5"],
)
def test_machines_do_not_count(shop: Shop, agent: str) -> None:
    address = f"/proxy/r/{shop.code}?{shop.query()}"
    assert shop.web.get(address, headers={"User-Agent": agent}).status_code == 200
    prefetch = {**BROWSER, "Sec-Purpose": "prefetch;prerender"}
    shop.web.get(address, headers=prefetch)
    shop.see("7")
    assert shop.clicks() == 0


def test_clicks_are_kept_as_hashes_and_soon_forgotten(shop: Shop) -> None:
    shop.see()
    ((visitor,),) = shop.friends.ask("select visitor from referral_clicks")
    assert len(visitor) == 16
    shop.clock.advance(days=3)
    with shop.rewarding.open() as ctx:
        service.forget_clicks(ctx)
    assert shop.friends.ask("select 1 from referral_clicks") == []
    assert shop.clicks() == 1


# The rewards panel.


def test_panel_hands_out_the_link_and_shows_what_it_brought(shop: Shop) -> None:
    new = shop.friends.member()
    shop.friends.ask(
        "update customer_identities set external_id = '8' where customer_id = :c", c=new
    )
    assert "Get my link" in shop.rewarding.fragment("8")
    answer = shop.web.post(
        f"/proxy/actions/create_referral_link?{shop.query('8', root='/de')}",
        data={"widget": "rewards_panel", "key": "k1"},
    )
    assert "This is your link" in answer.text
    found = re.search(r'data-share="/de/apps/loyalnest/r/(\w+)"', answer.text)
    assert found is not None and normal_code(found[1]) == found[1]
    friend = shop.friends.member()
    shop.friends.claim(found[1], customer=friend)
    shop.friends.order(friend)
    assert "1 friend has ordered." in shop.rewarding.fragment("8")
    assert "250 points earned." in shop.rewarding.fragment("8")


def test_panel_says_nothing_while_friends_bring_nothing(shop: Shop) -> None:
    assert "My link" in shop.rewarding.fragment("7")
    assert "Get my link" not in shop.rewarding.fragment("")
    shop.friends.give(enabled=False)
    assert "My link" not in shop.rewarding.fragment("7")


# The merchant's page.


@pytest.fixture
def admin(shop: Shop) -> FlaskClient:
    client = create_app(shop.rewarding.parts).test_client()
    sign_in(shop.rewarding.parts, client, shop.friends.tenant)
    return client


def change(admin: FlaskClient, action: str, **fields: str) -> TestResponse:
    token = re.search(r'name="form_token" value="([^"]+)"', admin.get("/admin/invitations").text)
    assert token is not None
    form = {"form_token": token[1], **fields}
    return admin.post(f"/admin/invitations/{action}", data=form, follow_redirects=True)


FIELDS = {
    "enabled": "yes",
    "advocate_points": "300",
    "friend_points": "20",
    "offer": "amount",
    "percentage": "",
    "amount-USD": "7.50",
    "minimum-USD": "",
    "hold_days": "",
    "monthly_cap": "",
    "review_from": "3",
}


def test_merchant_starts_with_one_click_and_changes_everything(
    shop: Shop, admin: FlaskClient
) -> None:
    assert "Invitations are running" in change(admin, "start").text
    with shop.rewarding.open() as ctx:
        assert service.read_referral_programme(ctx) == STARTER
    assert change(admin, "save", **FIELDS).status_code == 200
    with shop.rewarding.open() as ctx:
        saved = service.read_referral_programme(ctx)
    assert (saved.advocate_points, saved.amounts, saved.minimums) == (300, {"USD": 750}, {})
    assert (saved.hold_days, saved.monthly_cap, saved.review_from) == (None, None, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"advocate_points": "-1"},
        {"advocate_points": "1000001"},
        {"friend_points": "x"},
        {"offer": "gold"},
        {"offer": "percentage", "percentage": "101"},
        {"offer": "percentage", "percentage": ""},
        {"amount-USD": ""},
        {"amount-USD": "1.234"},
        {"hold_days": "366"},
        {"monthly_cap": "0"},
        {"review_from": "0"},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    shop: Shop, admin: FlaskClient, wrong: dict[str, str]
) -> None:
    answer = change(admin, "save", **{**FIELDS, **wrong})
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (422, "invalid_value")
    with shop.rewarding.open() as ctx:
        assert service.read_referral_programme(ctx) == replace(STARTER, hold_days=0)


def test_page_shows_the_funnel_refusals_links_and_what_waits(
    shop: Shop, admin: FlaskClient
) -> None:
    shop.friends.give(review_from=1)
    shop.see()
    claimed = shop.friends.claim(shop.code, email="new@shop.example")
    shop.friends.claim(shop.code, customer="7")
    page = admin.get("/admin/invitations").text
    for text in ("Waiting for you", "Members who invited themselves", shop.code, "Guest"):
        assert text in page
    assert "new@shop.example" not in page
    assert "Approved." in change(admin, "approve", claim=str(claimed.claim_id)).text
    assert "Waiting for you" not in admin.get("/admin/invitations").text
    again = change(admin, "refuse", claim=str(claimed.claim_id))
    assert again.status_code == 404


def test_page_shows_nothing_of_another_merchant(
    shop: Shop, admin: FlaskClient, held: Parts, standins: Standins, clock: FixedClock
) -> None:
    other = Shop(Rewarding(held, standins), clock)
    assert other.code not in admin.get("/admin/invitations").text


def test_page_of_the_merchant_speaks_every_language(admin: FlaskClient) -> None:
    for locale in i18n.LOCALES:
        page = admin.get(f"/admin/invitations?locale={locale}").text
        assert f'<html lang="{locale}" dir="{i18n.direction(locale)}">' in page
