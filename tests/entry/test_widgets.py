"""Fragments through the App Proxy: who may see what, in which language, from cache or fresh."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from jobs.drain import drain_for
from tests.factories import (
    FixedClock,
    Tenant,
    import_orders,
    make_tenant,
    signed_query,
    write_orders,
)
from webapp.app import create_app
from webapp.core import discovery, i18n
from webapp.core.cache import Near
from webapp.entry import widgets
from webapp.parts import Parts

FRAGMENT_BYTES = 4_096


@pytest.fixture
def tenant(committed: Parts, tmp_path: Path) -> Tenant:
    """A shop whose customer 7 holds 1,234 points."""
    made = make_tenant(committed.database)
    import_orders(
        committed.database, made, write_orders(tmp_path / "o", "7,2026-01-05,1234.00,USD")
    )
    while drain_for(committed, "points.award_orders", 1):
        continue
    return made


def get(web: FlaskClient, query: str, name: str = "points_display", **headers: str):  # type: ignore[no-untyped-def]  # a test response
    return web.get(f"/proxy/widgets/{name}?{query}", headers=headers)


def test_member_sees_own_entries(web: FlaskClient, tenant: Tenant, clock: FixedClock) -> None:
    answer = get(web, signed_query(tenant, clock.at, "7"))
    assert answer.status_code == 200
    assert "1,234" in answer.text


def test_guest_is_invited_to_join(web: FlaskClient, tenant: Tenant, clock: FixedClock) -> None:
    answer = get(web, signed_query(tenant, clock.at))
    assert "/account/register" in answer.text
    assert "1,234" not in answer.text


def test_customer_without_orders_is_a_member_with_nothing_yet(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    answer = get(web, signed_query(tenant, clock.at, "999"))
    assert answer.status_code == 200
    assert "/account/register" not in answer.text


@pytest.mark.parametrize("name", sorted(discovery.fragments()))
@pytest.mark.parametrize("locale", i18n.LOCALES)
@pytest.mark.parametrize("customer", ["", "7"])
def test_every_widget_speaks_every_language(
    web: FlaskClient, tenant: Tenant, clock: FixedClock, name: str, locale: str, customer: str
) -> None:
    answer = get(web, signed_query(tenant, clock.at, customer, locale=locale), name)
    direction = "rtl" if locale in ("ar", "fa", "he") else "ltr"
    assert f'<div class="ln-fragment" lang="{locale}" dir="{direction}">' in answer.text
    assert len(answer.data) <= FRAGMENT_BYTES
    english = get(web, signed_query(tenant, clock.at, customer, locale="en"), name)
    assert (answer.text == english.text) == (locale == "en")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("&signature=", "&signature=0"), "signature_invalid"),
        (("logged_in_customer_id=7", "logged_in_customer_id=8"), "signature_invalid"),
        (("shop-", "shop-x"), "signature_invalid"),
    ],
)
def test_forged_request_gets_an_empty_fragment_with_the_code(
    web: FlaskClient, tenant: Tenant, clock: FixedClock, change: tuple[str, str], code: str
) -> None:
    answer = get(web, signed_query(tenant, clock.at, "7").replace(*change))
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (401, code)
    assert f'data-error="{code}"></div>' in answer.text


def test_stale_request_is_refused(web: FlaskClient, tenant: Tenant, clock: FixedClock) -> None:
    query = signed_query(tenant, clock.at, "7")
    clock.advance(seconds=91)
    answer = get(web, query)
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (401, "signature_expired")


def test_other_customer_beside_the_signed_in_one_is_refused(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    answer = get(web, signed_query(tenant, clock.at, "8", customer_id="7"))
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (403, "not_yours")


def test_same_customer_id_in_another_shop_is_somebody_else(
    committed: Parts, web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    other = make_tenant(committed.database)
    assert "1,234" not in get(web, signed_query(other, clock.at, "7")).text


def test_unknown_widget_is_an_empty_fragment(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    answer = get(web, signed_query(tenant, clock.at), "nothing_here")
    assert (answer.status_code, answer.headers["X-LoyalNest-Error"]) == (404, "not_found")


def test_unchanged_fragment_is_not_sent_again(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    query = signed_query(tenant, clock.at, "7")
    first = get(web, query)
    again = get(web, query, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_new_points_show_although_the_old_fragment_was_cached(
    committed: Parts, web: FlaskClient, tenant: Tenant, clock: FixedClock, tmp_path: Path
) -> None:
    assert "+88" not in get(web, signed_query(tenant, clock.at, "7")).text
    import_orders(
        committed.database, tenant, write_orders(tmp_path / "n", "7,2026-02-01,88.00,USD")
    )
    while drain_for(committed, "points.award_orders", 1):
        continue
    assert "+88" in get(web, signed_query(tenant, clock.at, "7")).text


def test_what_was_just_answered_is_answered_again_to_the_same_one_only(
    committed: Parts,
    web: FlaskClient,
    tenant: Tenant,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Near, "SECONDS", 60.0)

    def source(customer: str = "7", **query: str) -> str:
        answer = get(web, signed_query(tenant, clock.at, customer, **query))
        return str(answer.headers["X-LoyalNest-Cache"])

    assert [source(), source()] == ["database", "process"]
    assert [source("8"), source(""), source(locale="de"), source(root="/fr")] == ["database"] * 4
    assert source(before="1") == "database"
    stranger = make_tenant(committed.database)
    elsewhere = get(web, signed_query(stranger, clock.at, "7"))
    assert "1,234" not in elsewhere.text
    forged = signed_query(tenant, clock.at, "7").replace("signature=", "signature=0")
    assert get(web, forged).status_code == 401


def test_a_customer_whom_nobody_has_met_is_looked_for_each_time(
    committed: Parts, web: FlaskClient, tenant: Tenant, clock: FixedClock, tmp_path: Path
) -> None:
    assert "+88" not in get(web, signed_query(tenant, clock.at, "9")).text
    import_orders(
        committed.database, tenant, write_orders(tmp_path / "n", "9,2026-02-01,88.00,USD")
    )
    while drain_for(committed, "points.award_orders", 1):
        continue
    assert "+88" in get(web, signed_query(tenant, clock.at, "9")).text


@pytest.mark.parametrize(
    ("root", "link"),
    [
        ("/ar", "/ar/account/register"),
        ("/", "/account/register"),
        ("//evil.example", "/account/register"),
        ("javascript:x", "/account/register"),
    ],
)
def test_links_stay_in_the_shoppers_language(
    web: FlaskClient, tenant: Tenant, clock: FixedClock, root: str, link: str
) -> None:
    assert f'href="{link}"' in get(web, signed_query(tenant, clock.at, root=root)).text


def test_odd_locale_falls_back_to_english(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    answer = get(web, signed_query(tenant, clock.at, "7", locale="xx-<script>"))
    assert 'lang="en"' in answer.text


def test_names_from_outside_are_escaped(
    web: FlaskClient, tenant: Tenant, clock: FixedClock
) -> None:
    answer = get(web, signed_query(tenant, clock.at, "<img src=x>"))
    assert "<img" not in answer.text
    assert json.dumps(answer.text)


def test_no_shop_takes_the_others_turn(
    committed: Parts, tenant: Tenant, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widgets, "DRAWN_A_MINUTE", 2)
    other = make_tenant(committed.database)
    web = create_app(committed).test_client()
    asked = [signed_query(tenant, clock.at, "7", locale=tag) for tag in ("en", "de", "ja", "de")]
    codes = [get(web, query).status_code for query in asked]
    assert codes == [200, 200, 429, 200], "the last one was drawn already"
    assert get(web, signed_query(other, clock.at)).status_code == 200
