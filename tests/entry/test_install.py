"""Shops come, go and come back, against a stand-in for Shopify over real HTTP both ways."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.entry.embedding import bearer, claims, signed
from tests.entry.shopify_admin import API_KEY, SCOPES, SHOP, ShopifyShop, shopify_shop
from tests.entry.test_dashboard import sign_in
from tests.factories import FixedClock, make_tenant
from webapp.app import create_app
from webapp.core import routing
from webapp.features.accounts import service as accounts
from webapp.parts import Parts

STATE = "select access_token is null, refresh_token is null, uninstalled_at is null from stores"


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, tmp_path: Path) -> Iterator[ShopifyShop]:
    with shopify_shop(committed, clock, tmp_path) as started:
        yield started


def test_opening_the_app_installs_the_shop(shop: ShopifyShop) -> None:
    shop.install()
    sql = "select name, currency, timezone, development, facts_at is not null, scopes from stores"
    assert shop.rows(sql) == [("Fresh Shop", "EUR", "Etc/UTC", True, True, sorted(SCOPES))]
    assert shop.rows("select name, role from admin_users") == [("Robin", "owner")]
    assert shop.rows("select name from merchants") == [("Fresh Shop",)]
    access, refresh = shop.rows("select access_token, refresh_token from stores")[0]
    assert b"shpat_" not in bytes(access)  # type: ignore[arg-type]  # bytea
    assert b"shprt_" not in bytes(refresh)  # type: ignore[arg-type]  # bytea
    assert "APP_UNINSTALLED" in {hook.topic for hook in shop.state.hooks.values()}
    # The second visit asks Shopify for nothing.
    shop.state.change(api_key="removed")
    assert shop.open("stores").status_code == 200


def test_token_that_shopify_does_not_take_installs_nothing(shop: ShopifyShop) -> None:
    """Whoever knows the secret of some app of ours could sign for any shop that is new to us."""
    tenant = make_tenant(shop.parts.database)
    with shop.parts.database.transaction(tenant.merchant_id) as ctx:
        key = ctx.db.scalar(text("select api_key from apps where app_id <> 'app_listed'"))
    forged = signed({**claims(shop.clock, SHOP, API_KEY), "aud": key})
    answer = shop.web.get("/app/", headers=bearer(forged))
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (502, "install_refused")
    with shop.parts.database.before_tenant() as db:
        assert routing.tenant_of_shop(db, SHOP) is None


def test_shop_that_uninstalls_and_comes_back_has_what_it_had(shop: ShopifyShop) -> None:
    shop.install()
    before, people = shop.address(), shop.rows("select admin_user_id from admin_users")
    with shop.parts.database.transaction(before.merchant_id) as ctx:
        link = accounts.create_sign_in_link(ctx, str(people[0][0]))
    shop.web.get(f"/admin/sign-in?token={link}")
    assert shop.web.get("/admin/").status_code == 200
    shop.uninstall()
    assert shop.rows(STATE) == [(True, True, False)]
    assert shop.web.get("/admin/").status_code == 401
    # A token of that minute is still signed well, but Shopify exchanges it no more.
    shop.state.change(api_key="removed")
    assert shop.open().status_code == 502
    shop.state.change(api_key=API_KEY)
    shop.clock.advance(minutes=5)
    shop.install()
    assert shop.address() == before
    assert shop.rows("select admin_user_id from admin_users") == people
    assert shop.rows(STATE) == [(False, False, True)]


def test_late_word_of_an_uninstall_changes_nothing(shop: ShopifyShop) -> None:
    shop.install()
    at = shop.clock.at
    shop.uninstall()
    shop.clock.advance(minutes=5)
    shop.install()
    with shop.parts.database.transaction(shop.address().merchant_id) as ctx:
        accounts.uninstall_store(ctx, shop.address().store_id, at)
    assert shop.rows(STATE) == [(False, False, True)]


def test_changed_scopes_are_kept_and_missing_ones_named(shop: ShopifyShop) -> None:
    shop.install()
    told = {"previous": sorted(SCOPES), "current": ["read_orders"]}
    shop.state.happened("app/scopes_update", told)
    shop.hear()
    assert shop.rows("select scopes from stores") == [(["read_orders"],)]
    page = shop.open("stores").text
    assert "Rights are missing" in page
    assert "<code>write_customers</code>" in page


def test_token_is_renewed_before_it_runs_out(shop: ShopifyShop) -> None:
    shop.install()
    first = shop.rows("select token_id from stores")
    minutes = """
    select round(extract(epoch from due_at - now()) / 60) from deliveries
    where handler like '%ageing'
    """
    assert shop.rows(minutes) == [(45,)]
    store = shop.address()
    with shop.parts.database.transaction(store.merchant_id) as ctx:
        ctx.db.execute(text("update deliveries set due_at = now() where handler like '%ageing'"))
    shop.work("send.store.token_ageing")
    assert shop.rows("select token_id from stores") != first
    with shop.parts.database.transaction(store.merchant_id) as ctx:
        call = accounts.prepare_store_call(ctx, store.store_id)
    assert call is not None
    assert call.access_token in shop.state.tokens


def test_token_that_has_run_out_is_exchanged_on_the_next_visit(shop: ShopifyShop) -> None:
    shop.install()
    first = shop.rows("select token_id from stores")
    shop.clock.advance(hours=2)
    assert shop.open().status_code == 200
    assert shop.rows("select token_id from stores") != first
    # Where Shopify does not answer, the pages can be seen all the same.
    shop.clock.advance(hours=2)
    shop.state.change(api_key="removed")
    assert shop.open().status_code == 200


def begin(shop: ShopifyShop) -> str:
    """Where our page sends somebody who wants to sign in."""
    answer = shop.web.get(f"/auth?shop={SHOP.removesuffix('.myshopify.com')}")
    return going_to(answer.headers["Refresh"])


def going_to(refresh: str) -> str:
    return refresh.removeprefix("0; url=")


def agree(where: str) -> str:
    """The merchant agrees at Shopify; the path it sends them back to."""
    with httpx.Client(trust_env=False) as browser:
        answer = browser.post(where, data={"decision": "install"})
    back = httpx.URL(answer.headers["Location"])
    return back.raw_path.decode()


def test_oauth_lets_the_shop_and_then_the_person_in(shop: ShopifyShop) -> None:
    first = shop.web.get(agree(begin(shop)))
    answer = shop.web.get(agree(going_to(first.headers["Refresh"])))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert shop.web.get("/admin/").status_code == 200
    assert shop.rows("select name, role from admin_users") == [("Robin", "owner")]
    # From now on only the person is asked.
    assert "per-user" in begin(shop)


def test_oauth_answer_counts_unchanged_once_and_in_its_own_browser(shop: ShopifyShop) -> None:
    for change in ("state=", "hmac=", "shop=", "code=", "timestamp="):
        back = agree(begin(shop))
        answer = shop.web.get(back.replace(change, f"{change}1"))
        refused = (answer.status_code, answer.headers["X-LoyalNest-Error"])
        assert refused == (401, "signature_invalid"), change
    back = agree(begin(shop))
    assert create_app(shop.parts).test_client().get(back).status_code == 401
    assert shop.web.get(back).status_code == 200
    assert shop.web.get(back).status_code == 401


@pytest.mark.parametrize("given", ["", "evil.example", "evil.example/x.myshopify.com", "a b"])
def test_oauth_begins_for_shops_only(held: Parts, given: str) -> None:
    answer = create_app(held).test_client().get("/auth", query_string={"shop": given})
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (404, "shop_unknown")


def as_owner(shop: ShopifyShop, role: str = "owner") -> tuple[str, str]:
    """Sign the browser in as somebody of another account, and give (merchant id, form token)."""
    tenant = make_tenant(shop.parts.database)
    sign_in(shop.parts, shop.web, tenant, role)
    found = re.search(r'name="form_token" value="([^"]+)"', shop.web.get("/admin/").text)
    assert found
    return tenant.merchant_id, found[1]


def ask_to_join(shop: ShopifyShop, form_token: str) -> TestResponse:
    return shop.web.post("/auth/store", data={"form_token": form_token, "shop": "fresh-shop"})


def test_owner_connects_another_store_to_their_account(shop: ShopifyShop) -> None:
    merchant_id, form_token = as_owner(shop)
    assert 'action="/auth/store"' in shop.web.get("/admin/stores").text
    asked = ask_to_join(shop, form_token)
    answer = shop.web.get(agree(going_to(asked.headers["Refresh"])))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/stores")
    assert shop.address().merchant_id == merchant_id
    assert SHOP in shop.web.get("/admin/stores").text


def test_store_of_another_account_does_not_change_hands(shop: ShopifyShop) -> None:
    shop.install()
    before = shop.address()
    _, form_token = as_owner(shop)
    asked = ask_to_join(shop, form_token)
    answer = shop.web.get(agree(going_to(asked.headers["Refresh"])))
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (409, "store_taken")
    assert shop.address() == before


def test_store_is_asked_for_by_owners_and_by_their_own_form_only(shop: ShopifyShop) -> None:
    assert ask_to_join(shop, "x").status_code == 401
    _, form_token = as_owner(shop)
    assert ask_to_join(shop, f"{form_token}x").headers["X-LoyalNest-Error"] == "form_expired"
    _, form_token = as_owner(shop, "manager")
    assert ask_to_join(shop, form_token).headers["X-LoyalNest-Error"] == "permission_denied"


def test_store_joins_nobody_once_somebody_else_is_signed_in(shop: ShopifyShop) -> None:
    _, form_token = as_owner(shop)
    back = agree(going_to(ask_to_join(shop, form_token).headers["Refresh"]))
    as_owner(shop)
    assert shop.web.get(back).status_code == 401
    with shop.parts.database.before_tenant() as db:
        assert routing.tenant_of_shop(db, SHOP) is None
