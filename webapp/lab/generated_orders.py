"""Orders for measurements: files of any size, and webhooks."""

import csv
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ORDERS_A_CUSTOMER = 2.7
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)


def write_orders(file: Path, orders: int) -> int:
    """Write so many orders by time, the same each time; gives back the points they earn.

    The number of orders a customer is geometric (mean 2.7), the amounts are log-normal, and there
    is no order id: the shape of the CDNOW sample, at any size.
    """
    rng = random.Random(orders)  # noqa: S311 - repetition, not secrecy.
    rows, customer, seconds = list[tuple[float, int, int]](), 0, 0.0
    while len(rows) < orders:
        if customer == 0 or rng.random() < 1 / ORDERS_A_CUSTOMER:
            customer, seconds = customer + 1, rng.uniform(0, 90 * 86_400)
        rows.append((seconds, customer, round(100 * rng.lognormvariate(3.3, 0.8))))
        seconds += rng.expovariate(1 / (75 * 86_400))
    rows.sort()
    with file.open("w", newline="", encoding="ascii") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("customer_id", "ordered_at", "amount", "currency"))
        for moment, number, minor in rows:
            at = f"{FIRST_DAY + timedelta(seconds=int(moment)):%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow((number, at, f"{minor // 100}.{minor % 100:02}", "USD"))
    return sum(minor // 100 for _, _, minor in rows)


def paid_order(number: int, customer: int) -> Mapping[str, Any]:
    """An orders/paid payload of two lines, about 3 kB, as Shopify sends it (2026-10: consents are
    told by topics of their own)."""

    def money(amount: str) -> Mapping[str, Any]:
        one = {"amount": amount, "currency_code": "USD"}
        return {"shop_money": one, "presentment_money": one}

    at = "2026-03-14T11:59:00-05:00"
    line = {"title": "Candle", "gift_card": False, "taxable": True, "discount_allocations": []}
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "test": False,
        "cancelled_at": None,
        **dict.fromkeys(("created_at", "processed_at", "updated_at"), at),
        "currency": "USD",
        "financial_status": "paid",
        "taxes_included": False,
        "total_price": "45.00",
        "total_price_set": money("45.00"),
        "subtotal_price_set": money("42.00"),
        "total_tax_set": money("3.00"),
        "total_shipping_price_set": money("0.00"),
        "discount_codes": [],
        "customer_locale": "de-DE",
        "customer": {
            "id": customer,
            "email": f"shopper{customer}@shop.example",
            "verified_email": True,
            "phone": None,
            "updated_at": at,
        },
        "line_items": [
            {**line, "id": 10 * number + n, "quantity": 1, "price_set": money("21.00")}
            | {"tax_lines": [{"rate": 0.07, "title": "Tax", "price_set": money("1.50")}]}
            for n in range(2)
        ],
        "note": "x" * 1_500,
    }
