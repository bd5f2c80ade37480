"""App Proxy signatures: the official vectors, and everything that must be refused."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import SECRET, Tenant, signed_query
from webapp.core import tenancy
from webapp.core.errors import AppError

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
TENANT = Tenant("mer_1", "sto_1", "shop-1.myshopify.com")
VECTOR = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&{customer}"
    "path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
)


@pytest.mark.parametrize(
    ("customer", "signature"),
    [
        (
            "logged_in_customer_id=1&",
            "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb",
        ),
        (
            "logged_in_customer_id=&",
            "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb",
        ),
        ("", "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3"),
    ],
)
def test_official_vectors_are_reproduced(customer: str, signature: str) -> None:
    pairs = parse_qsl(VECTOR.format(customer=customer), keep_blank_values=True)
    assert tenancy.proxy_signature(pairs, "hush") == signature


def verify(query: str, at: datetime = NOW) -> tenancy.ProxyRequest:
    return tenancy.verify_proxy_request(query, [SECRET], at)


def test_signed_request_names_shop_and_customer() -> None:
    asked = verify(signed_query(TENANT, NOW, "42"))
    assert asked == tenancy.ProxyRequest(TENANT.shop, "42", "/apps/loyalnest")


def test_guest_has_no_customer() -> None:
    assert verify(signed_query(TENANT, NOW)).customer is None


@pytest.mark.parametrize("seconds", [-91, 91])
def test_request_older_or_newer_than_ninety_seconds_is_refused(seconds: int) -> None:
    with pytest.raises(AppError, match="signature_expired"):
        verify(signed_query(TENANT, NOW), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-90, 90])
def test_ninety_seconds_are_still_good(seconds: int) -> None:
    assert verify(signed_query(TENANT, NOW), NOW + timedelta(seconds=seconds))


def test_request_replayed_for_another_customer_is_refused() -> None:
    query = signed_query(TENANT, NOW, "42").replace(
        "logged_in_customer_id=42", "logged_in_customer_id=43"
    )
    with pytest.raises(AppError, match="signature_invalid"):
        verify(query)


def test_another_customer_beside_the_signed_in_one_is_not_yours() -> None:
    with pytest.raises(AppError, match="not_yours"):
        verify(signed_query(TENANT, NOW, "42", customer_id="43"))


def test_repeated_parameter_that_decides_is_refused() -> None:
    query = signed_query(TENANT, NOW, "42", logged_in_customer_id="42")
    with pytest.raises(AppError, match="signature_invalid"):
        verify(query)


def test_old_secret_is_good_during_a_rotation() -> None:
    asked = tenancy.verify_proxy_request(signed_query(TENANT, NOW), ["newer", SECRET], NOW)
    assert asked.shop == TENANT.shop


def test_no_secret_means_no_access() -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        tenancy.verify_proxy_request(signed_query(TENANT, NOW), [], NOW)


@given(st.integers(min_value=0, max_value=10_000), st.characters(codec="utf-8"))
def test_one_changed_character_is_refused(position: int, other: str) -> None:
    query = signed_query(TENANT, NOW, "42", locale="de")
    position %= len(query)
    changed = query[:position] + other + query[position + 1 :]
    if parse_qsl(changed, keep_blank_values=True) == parse_qsl(query, keep_blank_values=True):
        return
    with pytest.raises(AppError):
        verify(changed)


@given(st.text(max_size=300))
def test_any_text_is_refused_without_surprise(query: str) -> None:
    with pytest.raises(AppError):
        verify(query)


def test_text_cut_elsewhere_signs_alike_and_is_refused() -> None:
    genuine = [
        ("a", "1logged_in_customer_id=7path_prefix=/apps/xshop=shop-1.myshopify.comtimestamp=99z="),
        ("logged_in_customer_id", ""),
        ("path_prefix", "/apps/x"),
        ("shop", TENANT.shop),
        ("timestamp", str(int(NOW.timestamp()))),
    ]
    signature = tenancy.proxy_signature(genuine, SECRET)
    with pytest.raises(AppError, match="signature_invalid"):
        verify(urlencode([*genuine, ("signature", signature)]))


@pytest.mark.parametrize("shop", ["%00", "a%00.myshopify.com"])
def test_zero_byte_is_refused(shop: str) -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        tenancy.proxy_shop(f"shop={shop}")
