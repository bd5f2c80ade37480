"""Actions through the App Proxy: who may act, how often, and what they get back."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.factories import Tenant, signed_query
from tests.features.points.rewarding import Rewarding
from tests.standins import Standins
from webapp.core.rates import Allowance
from webapp.entry.proxy import MAX_BODY_BYTES
from webapp.parts import Parts

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def shop(held: Parts, standins: Standins) -> Rewarding:
    """Customer 7 holds 1,200 points, customer 8 holds 600."""
    made = Rewarding(held, standins)
    made.credit(made.member("7"), 1_200)
    made.credit(made.member("8"), 600)
    return made


def code_of(answer: TestResponse) -> tuple[int, str]:
    """(status, code of the failure)."""
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json or {}
    assert said["status"] == "error" and said["error"]["message"]
    return answer.status_code, str(said["error"]["code"])


def entries(shop: Rewarding) -> int:
    return int(shop.rows("select count(*) from points_transactions where type = 'redeem'")[0][0])


def send_form(
    shop: Rewarding, customer: str = "7", action: str = "redeem", locale: str = "en", **fields: str
) -> TestResponse:
    signed = signed_query(shop.tenant, shop.clock.at, customer, locale=locale, root="/ar")
    said = {"widget": "rewards_panel", "key": "k1", **fields}
    return shop.web.post(f"/proxy/actions/{action}?{signed}", data=said)


def test_a_program_gets_the_envelope(shop: Rewarding) -> None:
    answer = shop.act("redeem", reward_id=shop.reward())
    assert answer.status_code == 200
    said = answer.json or {}
    assert said.pop("redemption_id").startswith("rdm_")
    assert said == {"status": "ok", "state": "preparing", "points_balance": 700, "error": None}


def test_a_form_gets_its_widget_as_it_is_then(shop: Rewarding) -> None:
    answer = send_form(shop, reward_id=shop.reward())
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.text.startswith('<div class="ln-fragment')
    assert 'role="status" tabindex="-1" autofocus>Done.' in answer.text
    assert "700 points to spend" in answer.text
    assert "Being prepared" in answer.text
    assert "root=/ar" in answer.text


@pytest.mark.parametrize(
    ("customer", "code", "said"),
    [
        ("7", "insufficient_points", "points"),
        ("", "sign_in_required", "sign in"),
        ("99", "not_a_member", ""),
    ],
)
def test_a_refused_form_reads_why_in_the_widget(
    shop: Rewarding, customer: str, code: str, said: str
) -> None:
    answer = send_form(shop, customer, reward_id=shop.reward(points=5_000))
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (200, code)
    assert "ln-notice--bad" in answer.text
    assert said in answer.text
    assert entries(shop) == 0


def test_a_form_without_a_widget_of_ours_gets_the_envelope(shop: Rewarding) -> None:
    answer = send_form(shop, widget="../secrets", reward_id=shop.reward())
    assert (answer.status_code, (answer.json or {})["state"]) == (200, "preparing")


@pytest.mark.parametrize("customer", ["", "99"])
def test_only_members_act(shop: Rewarding, customer: str) -> None:
    expected = (401, "sign_in_required") if not customer else (404, "not_a_member")
    assert code_of(shop.act("redeem", customer, reward_id=shop.reward())) == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("&signature=", "&signature=0"), "signature_invalid"),
        (("logged_in_customer_id=7", "logged_in_customer_id=8"), "signature_invalid"),
        (("timestamp=", "timestamp=1"), "signature_invalid"),
    ],
)
def test_a_forged_signature_does_nothing(
    shop: Rewarding, change: tuple[str, str], code: str
) -> None:
    reward = shop.reward()
    query = signed_query(shop.tenant, shop.clock.at, "7").replace(*change)
    headers = {"Idempotency-Key": "k"}
    answer = shop.web.post(
        f"/proxy/actions/redeem?{query}", json={"reward_id": reward}, headers=headers
    )
    assert code_of(answer) == (401, code)
    assert entries(shop) == 0


def test_an_old_request_is_refused(shop: Rewarding) -> None:
    query = signed_query(shop.tenant, shop.clock.at, "7")
    shop.clock.advance(seconds=91)
    answer = shop.web.post(f"/proxy/actions/redeem?{query}", json={"reward_id": "r"})
    assert code_of(answer) == (401, "signature_expired")


@pytest.mark.parametrize("named", ["customer_id", "external_id", "logged_in_customer_id"])
def test_a_body_that_names_somebody_else_is_refused(shop: Rewarding, named: str) -> None:
    reward = shop.reward()
    assert code_of(shop.act("redeem", reward_id=reward, **{named: "8"})) == (403, "not_yours")
    assert entries(shop) == 0
    for own in ("7", "gid://shopify/Customer/7"):
        assert shop.act("redeem", reward_id=reward, **{named: own}).status_code == 200


def test_a_body_that_names_another_store_is_refused(shop: Rewarding) -> None:
    other, reward = shop.add_store(), shop.reward()
    assert code_of(shop.act("redeem", reward_id=reward, store_id=other)) == (403, "not_yours")
    assert shop.act("redeem", reward_id=reward, store_id=shop.tenant.shop).status_code == 200


def test_somebody_elses_redemption_is_not_there(shop: Rewarding) -> None:
    had = shop.have(shop.reward())
    shop.send()
    assert shop.give_up(had, "8") == "redemption_not_found"
    assert shop.give_up(had) == "cancelling"


def test_another_merchants_reward_is_not_there(
    shop: Rewarding, held: Parts, standins: Standins
) -> None:
    reward = shop.reward()
    other = Rewarding(held, standins)
    other.credit(other.member("7"), 1_200)
    assert code_of(other.act("redeem", reward_id=reward)) == (404, "reward_not_found")


def test_the_same_key_is_answered_as_at_first(shop: Rewarding) -> None:
    reward, another = shop.reward(), shop.reward(points=100)
    first, again = (shop.act("redeem", key="k", reward_id=reward) for _ in range(2))
    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert entries(shop) == 1
    refused = shop.act("redeem", key="k", reward_id=another)
    assert code_of(refused) == (409, "idempotency_key_reused")
    # Another customer's key is another key.
    assert shop.act("redeem", "8", key="k", reward_id=another).status_code == 200


def test_the_key_of_a_redemption_holds_for_ever(shop: Rewarding) -> None:
    reward, another = shop.reward(), shop.reward(points=100)
    first = shop.have(reward, key="k")
    shop.clock.advance(days=30)
    shop.rows("delete from call_answers returning 1")
    assert shop.have(reward, key="k") == first
    assert entries(shop) == 1
    refused = shop.act("redeem", key="k", reward_id=another)
    assert code_of(refused) == (409, "idempotency_key_reused")


def test_a_click_in_two_tabs_is_one_redemption(shop: Rewarding) -> None:
    reward = shop.reward()
    page = shop.fragment()
    key = page.split('name="key" value="')[1].split('"')[0]
    assert key in shop.fragment()
    for _ in range(2):
        assert "700 points to spend" in send_form(shop, key=key, reward_id=reward).text
    assert key not in shop.fragment()


@pytest.mark.parametrize("key", ["", "with blank", "k" * 101, "ключ"])
def test_a_key_is_needed_and_short(shop: Rewarding, key: str) -> None:
    answer = send_form(shop, key=key, widget="", reward_id=shop.reward())
    assert code_of(answer) == (422, "field_required" if not key else "invalid_value")


def test_an_unknown_action_is_not_found(shop: Rewarding) -> None:
    assert code_of(shop.act("sync_points")) == (404, "not_found")


def post(shop: Rewarding, body: bytes, kind: str, **headers: str) -> TestResponse:
    signed = signed_query(shop.tenant, shop.clock.at, "7")
    url = f"/proxy/actions/redeem?{signed}"
    return shop.web.post(url, data=body, content_type=kind, headers=headers)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"x" * (MAX_BODY_BYTES + 1), FORM, (413, "body_too_large")),
        (b'{"a": "' + b"x" * MAX_BODY_BYTES + b'"}', "application/json", (413, "body_too_large")),
        (b"[1]", "application/json", (400, "malformed_body")),
        (b"{", "application/json", (400, "malformed_body")),
        (b"key=a&key=b", FORM, (422, "invalid_value")),
        ("&".join(f"f{n}=1" for n in range(101)).encode(), FORM, (400, "malformed_body")),
        (b"reward_id=r", "text/plain", (415, "wrong_content_type")),
        (b"key=k&reward_id=r&points=1", FORM, (422, "field_unknown")),
        (b"key=k", FORM, (422, "field_required")),
        (b"key=k&reward_id=%00", FORM, (422, "invalid_value")),
    ],
)
def test_a_body_that_is_none_is_refused(
    shop: Rewarding, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert code_of(post(shop, body, kind)) == expected


def test_another_site_cannot_send_a_shoppers_form(shop: Rewarding) -> None:
    body = f"key=k&reward_id={shop.reward()}".encode()
    answer = post(shop, body, FORM, **{"Sec-Fetch-Site": "cross-site"})
    assert code_of(answer) == (403, "form_expired")
    assert post(shop, body, FORM, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_member_acts_only_so_often(held: Parts, standins: Standins) -> None:
    callers: list[str] = []

    class Once:
        def take(self, caller: str, most: int | None = None) -> Allowance:
            callers.append(caller)
            return Allowance(callers.count(caller) == 1, 1, 60, 0, 42)

    shop = Rewarding(held, standins, limiter=Once())
    home = shop.member("7")
    shop.credit(home, 1_200)
    reward = shop.reward()
    assert shop.act("redeem", reward_id=reward).status_code == 200
    answer = shop.act("redeem", reward_id=reward)
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == "42"
    assert callers == [f"{shop.merchant_id}:{home}"] * 2


def test_guests_are_counted_by_their_network_whatever_their_browser_is_called(
    held: Parts, standins: Standins
) -> None:
    callers: list[str] = []

    class Free:
        def take(self, caller: str, most: int | None = None) -> Allowance:
            callers.append(caller)
            return Allowance(True, 1, 60, 1, 42)

    shop = Rewarding(held, standins, limiter=Free())
    address = f"/proxy/actions/claim_referral?{signed_query(shop.tenant, shop.clock.at)}"
    made_up = "198.51.100.7, 203.0.113.9"
    for number, network in enumerate(("203.0.113.9", made_up, "203.0.113.10", made_up)):
        hops = 2 if number == 3 else 1
        settings = replace(shop.parts.settings, forwarded_hops=hops)
        shop.web.application.extensions["loyalnest"] = replace(shop.parts, settings=settings)
        headers = {
            "Idempotency-Key": f"k{number}",
            "User-Agent": f"Browser/{number}",
            "X-Forwarded-For": network,
        }
        said = {"code": "34679CDF", "email": "f@shop.example"}
        assert shop.web.post(address, json=said, headers=headers).status_code == 200
    assert callers[0] == callers[1]
    assert len(set(callers)) == 3


def test_reasons_are_in_the_shoppers_language(shop: Rewarding) -> None:
    answers = [
        shop.act("redeem", "", query={"locale": tag}, reward_id="r").json or {}
        for tag in ("de", "xx-<b>")
    ]
    german, english = (answer["error"]["message"] for answer in answers)
    assert english == "Please sign in to continue."
    assert german != english


@pytest.fixture
def two_shops(committed: Parts, standins: Standins) -> Iterator[tuple[Rewarding, Tenant]]:
    """A member of two shops with 500 points; both shops serve it."""
    made = Rewarding(committed, standins)
    home = made.member("7")
    made.credit(home, 500)
    store_id = made.add_store()
    made.merge(made.member("70", store_id), home)
    sql = "update stores set access_token = (select access_token from stores where store_id = :s)"
    made.rows(f"{sql} returning 1", s=made.store_id)
    [(domain,)] = made.rows("select shop_domain from stores where store_id = :s", s=store_id)
    yield made, Tenant(made.merchant_id, store_id, str(domain))


def test_two_shops_cannot_both_have_the_last_points(
    two_shops: tuple[Rewarding, Tenant],
) -> None:
    shop, other = two_shops
    reward, barrier = shop.reward(), threading.Barrier(2)
    answers: list[tuple[int, str]] = []

    def click(customer: str, tenant: Tenant) -> None:
        barrier.wait()
        answer = shop.act("redeem", customer, tenant=tenant, reward_id=reward)
        said = json.loads(answer.text)
        answers.append((answer.status_code, (said["error"] or {}).get("code", "")))

    threads = [
        threading.Thread(target=click, args=args) for args in (("7", shop.tenant), ("70", other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(200, ""), (409, "insufficient_points")]
    assert shop.rows("select points from customer_cards where points <> 0") == []
    with shop.open() as ctx:
        left = ctx.db.scalar(text("select sum(remaining) from points_lots"))
    assert left == 0
