"""Who gets into the dashboard: session tokens of Shopify's admin, sessions that can be ended."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.entry.embedding import api_key_of, bearer, claims, signed
from tests.factories import SECRET, FixedClock, Tenant, make_tenant
from webapp.app import create_app
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, StaffMember
from webapp.parts import Parts

OTHER_SECRET = "another secret that is long enough"


@pytest.fixture
def web(held: Parts) -> FlaskClient:
    return create_app(held).test_client()


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_x")


@pytest.fixture
def person(held: Parts, tenant: Tenant) -> str:
    """Somebody who was here before, from the shop's admin."""
    with held.database.transaction(tenant.merchant_id) as ctx:
        member = StaffMember("7", "Kim", account_owner=True, locale="de")
        return accounts.meet_admin(ctx, tenant.store_id, member)


def token_of(held: Parts, tenant: Tenant, clock: FixedClock, secret: str = SECRET) -> str:
    return signed(claims(clock, tenant.shop, api_key_of(held.database, tenant)), secret)


def open_session(held: Parts, web: FlaskClient, tenant: Tenant, role: str = "owner") -> str:
    with held.database.transaction(tenant.merchant_id) as ctx:
        person = accounts.add_admin(ctx, "Robin", role)
        link = accounts.create_sign_in_link(ctx, person)
    assert web.get(f"/admin/sign-in?token={link}").status_code == 302
    return person


def test_bearer_opens_the_embedded_dashboard(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    answer = web.get("/app/", headers=bearer(token_of(held, tenant, clock)))
    assert answer.status_code == 200
    assert 'lang="de"' in answer.text
    for shown in ("<s-app-nav>", "<s-page", 'href="/app/stores"', "app-bridge.js"):
        assert shown in answer.text
    assert "Set-Cookie" not in answer.headers


def test_first_document_brings_its_token_in_the_address(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    token = token_of(held, tenant, clock)
    assert web.get(f"/app/stores?id_token={token}&locale=fr").status_code == 200
    # A form that another site makes a browser send has no header.
    sent = web.post(f"/app/people/role?id_token={token}", data={"person": person})
    assert sent.status_code == 401


@pytest.mark.parametrize("address", ["/app/", "/app/stores", "/app/nothing", "/app/panels/imports"])
def test_framing_is_for_this_shop_only(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock, address: str
) -> None:
    headers = {**bearer(token_of(held, tenant, clock)), "HX-Request": "true"}
    policy = web.get(address, headers=headers).headers["Content-Security-Policy"]
    expected = f"frame-ancestors https://{tenant.shop} https://admin.shopify.com"
    # A wrong address is answered before anybody is asked who they are.
    if address == "/app/nothing":
        expected = "frame-ancestors https://admin.shopify.com"
    assert policy.endswith(expected)
    assert "script-src 'self' https://cdn.shopify.com;" in policy


@pytest.mark.parametrize("address", ["/admin/", "/auth?shop=x", "/nothing", "/healthz"])
def test_direct_answers_are_never_framed(web: FlaskClient, address: str) -> None:
    policy = web.get(address).headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'none'")
    assert "cdn.shopify.com" not in policy


def test_what_is_served_by_https_stays_there(held: Parts) -> None:
    settings = replace(held.settings, base_url="https://loyalnest.example")
    for parts, promised in ((held, None), (replace(held, settings=settings), "max-age=31536000")):
        answer = create_app(parts).test_client().get("/healthz")
        assert answer.headers.get("Strict-Transport-Security") == promised


def test_document_without_a_token_fetches_one(
    web: FlaskClient, tenant: Tenant, held: Parts
) -> None:
    answer = web.get(f"/app/stores?shop={tenant.shop}&host=x")
    assert answer.status_code == 401
    assert f'content="{api_key_of(held.database, tenant)}"' in answer.text
    assert "/static/js/bounce.js" in answer.text
    assert tenant.shop in answer.headers["Content-Security-Policy"]
    again = web.get(f"/app/stores?shop={tenant.shop}&bounced=1")
    assert "bounce.js" not in again.text
    assert again.headers["X-LoyalNest-Error"] == "session_token_expired"


def test_expired_token_of_a_fetch_is_asked_for_again(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    token = token_of(held, tenant, clock)
    clock.advance(seconds=71)
    answer = web.get("/app/", headers=bearer(token))
    assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"
    assert (answer.status_code, answer.text) == (401, "")


def test_secret_of_another_app_opens_nothing(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    other = make_tenant(held.database)
    forged = {
        "signed by another secret": token_of(held, tenant, clock, OTHER_SECRET),
        "for another app that serves another shop": signed(
            claims(clock, tenant.shop, api_key_of(held.database, other))
        ),
        "for an app nobody knows": signed(claims(clock, tenant.shop, "unknown")),
    }
    for token in forged.values():
        answer = web.get("/app/", headers=bearer(token))
        assert answer.status_code == 401
        assert answer.headers["X-LoyalNest-Error"] == "session_token_invalid"
        assert tenant.shop not in answer.text


def test_neither_way_takes_what_the_other_goes_by(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    assert web.get("/admin/", headers=bearer(token_of(held, tenant, clock))).status_code == 401
    open_session(held, web, tenant)
    assert web.get("/admin/").status_code == 200
    assert web.get("/app/").status_code == 401


def test_embedded_form_needs_no_form_token_and_says_what_became_of_it(
    held: Parts, web: FlaskClient, tenant: Tenant, person: str, clock: FixedClock
) -> None:
    headers = bearer(token_of(held, tenant, clock))
    answer = web.post("/app/people/sign-out", headers=headers, data={"person": person})
    assert answer.status_code == 303
    where = answer.headers["Location"]
    assert where.startswith("/app/people?said=")
    assert 'role="status"' in web.get(where, headers=headers).text
    changed = where.replace("said=", "said=x")
    assert 'role="status"' not in web.get(changed, headers=headers).text


def test_direct_form_needs_the_token_of_its_session(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    person = open_session(held, web, tenant)
    for wrong in ({}, {"form_token": "another"}, {"form_token": "jeton é"}):
        answer = web.post("/admin/people/sign-out", data={"person": person, **wrong})
        assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (403, "form_expired")


def test_session_ends_when_signed_out_even_for_a_copy_of_the_cookie(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    open_session(held, web, tenant)
    copy = web.get_cookie("loyalnest")
    assert copy is not None
    web.post("/admin/sign-out")
    thief = create_app(held).test_client()
    thief.set_cookie("loyalnest", copy.value)
    assert thief.get("/admin/").status_code == 401


def test_signing_out_everywhere_ends_every_session(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    person = open_session(held, web, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert accounts.end_sessions(ctx, person) == 1
    assert web.get("/admin/").status_code == 401


def test_session_is_idle_for_twelve_hours_at_most(
    held: Parts, web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    open_session(held, web, tenant)
    for _ in range(3):
        clock.advance(hours=11)
        assert web.get("/admin/").status_code == 200
    clock.advance(hours=12)
    assert web.get("/admin/").status_code == 401


def test_access_that_was_taken_away_is_gone_at_once(
    held: Parts, web: FlaskClient, tenant: Tenant
) -> None:
    open_session(held, web, tenant)
    person = open_session(held, web, tenant)
    with held.database.transaction(tenant.merchant_id) as ctx:
        accounts.change_role(ctx, person, "none")
    answer = web.get("/admin/")
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (403, "no_access")


def test_language_and_store_stay_with_the_person(
    held: Parts, web: FlaskClient, tenant: Tenant, clock: FixedClock, person: str
) -> None:
    headers = bearer(token_of(held, tenant, clock))
    for sent, expected in (
        ({"locale": "he", "page": "people"}, "/app/people"),
        ({"store": ""}, "/app/"),
    ):
        answer = web.post("/app/preferences", headers=headers, data=sent)
        assert (answer.status_code, answer.headers["Location"]) == (303, expected)
    assert 'lang="he" dir="rtl"' in web.get("/app/", headers=headers).text
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert accounts.admin_signed_in(ctx, person).store_id is None


@pytest.mark.parametrize("sent", [{"locale": "xx"}, {"store": "sto_of_another"}])
def test_preference_that_is_none_is_refused(
    held: Parts,
    web: FlaskClient,
    tenant: Tenant,
    clock: FixedClock,
    person: str,
    sent: dict[str, str],
) -> None:
    answer = web.post("/app/preferences", headers=bearer(token_of(held, tenant, clock)), data=sent)
    assert answer.status_code in (404, 422)


def test_first_people_of_an_account(held: Parts, tenant: Tenant) -> None:
    """The owner of the shop, and the first one where nobody is, own the account."""
    with held.database.transaction(tenant.merchant_id) as ctx:
        first = [
            accounts.meet_admin(ctx, tenant.store_id, StaffMember(number, number, owner, "en"))
            for number, owner in (("1", False), ("2", False), ("3", True), ("1", True))
        ]
        roles = [accounts.admin_signed_in(ctx, person).role for person in first]
    assert roles == ["owner", "analyst", "owner", "owner"]
    assert first[0] == first[3]


def test_owner_of_a_shop_that_joined_does_not_own_the_account(
    held: Parts, tenant: Tenant, person: str
) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        app_id = ctx.db.scalar(text("select app_id from stores"))
        joined = ConnectStore("joined.myshopify.com", app_id, "EUR", "UTC", "shpat_y")
        store_id = accounts.connect_store(ctx, joined)
        ctx.db.execute(
            text(
                "update stores set created_at = created_at + interval '1 day' where store_id = :s"
            ),
            {"s": store_id},
        )
        other = StaffMember("9", "Noor", account_owner=True, locale="en")
        found = accounts.meet_admin(ctx, store_id, other)
        roles = [accounts.admin_signed_in(ctx, one).role for one in (person, found)]
    assert roles == ["owner", "manager"]


def test_last_owner_stays(held: Parts, web: FlaskClient, tenant: Tenant) -> None:
    person = open_session(held, web, tenant)
    page = web.get("/admin/people").text
    form_token = page.split('name="form_token" value="')[1].split('"')[0]
    sent = {"form_token": form_token, "person": person, "role": "analyst"}
    answer = web.post("/admin/people/role", data=sent)
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (409, "last_owner")
