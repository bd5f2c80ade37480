"""What points are counted on: goods net of discounts, without tax, shipping and gift cards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.features.orders.domain import basis
from webapp.features.orders.domain.live_order import node_told, order_told, refund_told
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError


def rest(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        # What the customer saw is never counted.
        "presentment_money": {"amount": "999.99", "currency_code": "XTS"},
    }


def graph(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(price: str, quantity: int = 1, currency: str = "USD", **more: Any) -> dict[str, Any]:
    off, tax = more.pop("off", None), more.pop("tax", None)
    return {
        "price_set": rest(price, currency),
        "quantity": quantity,
        "gift_card": False,
        "discount_allocations": [{"amount_set": rest(off, currency)}] if off else [],
        "tax_lines": [{"price_set": rest(tax, currency)}] if tax else [],
        **more,
    }


def payload(total: str, *lines: dict[str, Any], currency: str = "USD", **more: Any) -> Any:
    return {
        "id": 820982911946154508,
        "processed_at": "2026-03-14T11:00:00-05:00",
        "updated_at": "2026-03-14T11:00:05-05:00",
        "financial_status": "paid",
        "total_price_set": rest(total, currency),
        "taxes_included": False,
        "line_items": list(lines),
        **more,
    }


def counted(told: Any, currency: str = "USD", exponent: int = 2) -> int | None:
    return order_told(told, currency, exponent).order.basis


@pytest.mark.parametrize(
    ("order", "minor"),
    [
        (payload("125.00", line("50.00", 2), line("5.00", tax="0.40")), 10_500),
        # Discounts of the line and of the whole order; shipping and a tip on top of it.
        (payload("101.00", line("50.00", 2, off="10.00"), total_tip_received="3.00"), 9_000),
        # Tax is in the price: 119.00 holds 19.00, and half of the goods are given away.
        (payload("119.00", line("119.00", tax="19.00"), taxes_included=True), 10_000),
        (payload("59.50", line("119.00", off="59.50", tax="9.50"), taxes_included=True), 5_000),
        # Only the second line is goods.
        (payload("70.00", line("50.00", gift_card=True), line("20.00")), 2_000),
        (payload("50.00", line("50.00", gift_card=True)), 0),
        # What was taken off by then is told by refunds, each in its own right.
        (payload("20.00", line("10.00", 2, current_quantity=1)), 2_000),
        # Paid half by gift card: a payment like any other.
        (payload("50.00", line("50.00"), payment_gateway_names=["gift_card", "visa"]), 5_000),
    ],
)
def test_only_goods_count(order: Any, minor: int) -> None:
    assert counted(order) == minor


@pytest.mark.parametrize(
    ("currency", "exponent", "price", "minor"),
    [("JPY", 0, "1999", 1999), ("KWD", 3, "19.999", 19_999), ("EUR", 2, "19.99", 1999)],
)
def test_minor_units_are_those_of_the_currency(
    currency: str, exponent: int, price: str, minor: int
) -> None:
    order = payload(price, line(price, currency=currency), currency=currency)
    assert counted(order, currency, exponent) == minor


def test_an_order_that_tells_no_lines_has_the_subtotal_or_nothing() -> None:
    assert counted(payload("12.00")) is None
    assert counted(payload("12.00", subtotal_price_set=rest("10.00"))) == 1_000
    taxed = payload("13.00", subtotal_price_set=rest("11.90"), taxes_included=True)
    assert counted(taxed) is None
    assert counted({**taxed, "total_tax_set": rest("1.90")}) == 1_000


@pytest.mark.parametrize("broken", [{"price_set": None}, {"price_set": rest("1.00", "EUR")}])
def test_an_order_whose_lines_cannot_be_read_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(RefusedLineError):
        counted(payload("1.00", {**line("1.00"), **broken}))


def test_a_test_order_is_skipped() -> None:
    with pytest.raises(SkippedLineError):
        counted(payload("1.00", line("1.00"), test=True))


@pytest.mark.parametrize(
    ("change", "paid", "cancelled"),
    [
        ({}, True, False),
        ({"financial_status": "pending"}, False, False),
        ({"financial_status": "authorized"}, False, False),
        ({"financial_status": "partially_paid"}, False, False),
        ({"financial_status": "refunded"}, True, False),
        ({"financial_status": "voided"}, False, True),
        ({"cancelled_at": "2026-03-15T00:00:00Z"}, True, True),
    ],
)
def test_what_an_order_is_says_its_state(
    change: dict[str, Any], paid: bool, cancelled: bool
) -> None:
    told = order_told(payload("1.00", line("1.00"), **change), "USD", 2)
    assert (told.paid, told.cancelled_at is not None) == (paid, cancelled)


def test_codes_that_were_used_are_known() -> None:
    codes = [{"code": "SPRING"}, {"code": ""}, {"code": 7}, {"code": "a\nb"}, "x"]
    told = order_told(payload("1.00", line("1.00"), discount_codes=codes), "USD", 2)
    assert told.codes == ("SPRING",)


def refund(*lines: dict[str, Any], paid_out: str | None = None, **more: Any) -> Any:
    moved = {"kind": "refund", "status": "success", "amount": paid_out, "currency": "USD"}
    return {
        "id": 890088186047892319,
        "order_id": 820982911946154508,
        "processed_at": "2026-03-20T11:00:00-05:00",
        "refund_line_items": list(lines),
        "order_adjustments": [],
        "transactions": [moved] if paid_out else [],
        **more,
    }


def back(subtotal: str, tax: str = "0.00", *, gift_card: bool = False) -> dict[str, Any]:
    return {
        "subtotal_set": rest(subtotal),
        "total_tax_set": rest(tax),
        "line_item": {"gift_card": gift_card},
    }


def adjusted(amount: str, kind: str = "refund_discrepancy", reason: str = "") -> dict[str, Any]:
    return {"kind": kind, "reason": reason, "amount_set": rest(amount)}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # (money given back, goods, tax on them)
        (refund(back("30.00", "2.40"), paid_out="37.40"), (3_740, 3_000, 240)),
        (refund(back("50.00", gift_card=True), paid_out="50.00"), (5_000, 0, 0)),
        # Ten given as a favour, without any line.
        (refund(paid_out="10.00", order_adjustments=[adjusted("-10.00")]), (1_000, 1_000, 0)),
        # Five kept back for the handling of what came back.
        (
            refund(back("30.00"), paid_out="25.00", order_adjustments=[adjusted("5.00")]),
            (2_500, 2_500, 0),
        ),
        # Shipping is no part of it, and money on its way is given.
        (
            refund(paid_out="7.00", order_adjustments=[adjusted("-7.00", "shipping_refund")]),
            (700, 0, 0),
        ),
        (
            refund(
                back("30.00"),
                order_adjustments=[adjusted("30.00", reason="Pending refund discrepancy")],
            ),
            (0, 3_000, 0),
        ),
    ],
)
def test_a_refund_tells_money_goods_and_tax(told: Any, expected: tuple[int, int, int]) -> None:
    read = refund_told(told, "USD", 2)
    assert (read.minor, read.goods, read.tax) == expected
    assert (read.key, read.order_key) == ("890088186047892319", "820982911946154508")


@pytest.mark.parametrize(
    ("moved", "minor"),
    [
        ({"status": "failure"}, 0),
        ({"status": "pending"}, 1_000),
        ({"kind": "sale"}, 0),
        ({"currency": None}, 1_000),
        # In another currency: worth the goods, as far as is told.
        ({"currency": "EUR"}, 3_000),
    ],
)
def test_money_counts_when_it_moves(moved: dict[str, Any], minor: int) -> None:
    one = {"kind": "refund", "status": "success", "amount": "10.00", "currency": "USD", **moved}
    assert refund_told(refund(back("30.00"), transactions=[one]), "USD", 2).minor == minor


@pytest.mark.parametrize("broken", [{"order_id": None}, {"id": ""}, {"transactions": ["x"]}])
def test_a_refund_that_cannot_be_read_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(RefusedLineError):
        refund_told({**refund(back("1.00")), **broken}, "USD", 2)


def node(**more: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/11",
        "processedAt": "2026-01-05T10:00:00Z",
        "displayFinancialStatus": "PARTIALLY_REFUNDED",
        "totalPriceSet": graph("100.00"),
        "subtotalPriceSet": graph("80.00"),
        "taxesIncluded": False,
        "totalTaxSet": graph("15.00"),
        **more,
    }


@pytest.mark.parametrize(
    ("change", "minor"),
    [
        ({}, 8_000),
        # Of the tax one is on the shipping, which the subtotal does not hold.
        (
            {
                "taxesIncluded": True,
                "shippingLine": {"taxLines": [{"priceSet": graph("1.00")}]},
            },
            6_600,
        ),
        (
            {"lineItems": {"nodes": [{"isGiftCard": True, "discountedTotalSet": graph("50.00")}]}},
            3_000,
        ),
        (
            {
                "lineItems": {
                    "edges": [
                        {"node": {"isGiftCard": False, "discountedTotalSet": graph("30.00")}},
                        {"node": {"isGiftCard": True, "originalTotalSet": graph("50.00")}},
                    ]
                }
            },
            3_000,
        ),
        ({"taxesIncluded": None}, None),
        ({"subtotalPriceSet": None}, None),
    ],
)
def test_a_node_tells_the_same(change: dict[str, Any], minor: int | None) -> None:
    assert node_told(node(**change), "USD", 2).order.basis == minor


def test_refunds_of_a_node_share_the_basis_by_their_amounts() -> None:
    refunds = [
        {
            "id": f"gid://shopify/Refund/{number}",
            "createdAt": "2026-02-01T00:00:00Z",
            "totalRefundedSet": graph(amount),
        }
        for number, amount in enumerate(("33.33", "33.33", "33.34"))
    ]
    told = node_told(node(refunds=refunds), "USD", 2)
    assert [one.goods for one in told.refunds] == [2_666, 2_666, 2_668]


@given(st.integers(0, 10_000), st.integers(1, 20_000), st.lists(st.integers(0, 20_000), max_size=6))
def test_shares_never_exceed_the_basis_and_end_with_it(
    whole: int, total: int, amounts: list[int]
) -> None:
    parts = basis.shares(whole, total, amounts)
    assert all(part >= 0 for part in parts)
    assert sum(parts) == min(whole * sum(amounts) // total, whole)


@pytest.mark.parametrize("quantity", ["2", 1.5, -1, 10**9, [1]])
def test_a_quantity_that_is_none_is_refused_with_a_reason(quantity: Any) -> None:
    with pytest.raises(RefusedLineError, match="quantity") as refused:
        order_told(payload("20.00", line("10.00", quantity)), "USD", 2)
    assert refused.value.code == "invalid_quantity"
