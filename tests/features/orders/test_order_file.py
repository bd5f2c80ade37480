"""Lines of order files: what is taken, what is skipped, what is refused and why."""

import json
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.features.orders.domain import input_lines, order_file
from webapp.features.orders.domain.input_lines import RefusalReport, Source, Tally
from webapp.features.orders.domain.order_file import RefusedLineError, Row, SkippedLineError

HEADER = "customer_id,ordered_at,amount,currency"
ORDER = {
    "id": "gid://shopify/Order/11",
    "processedAt": "2026-01-05T10:00:00Z",
    "totalPriceSet": {"shopMoney": {"amount": "12.50", "currencyCode": "USD"}},
    "customer": {"id": "gid://shopify/Customer/7"},
}


def csv_line(line: str, header: str = HEADER) -> list[Row]:
    return order_file.csv_reader(header, "o", "USD", 2)(line)


def jsonl_line(**change: object) -> list[Row]:
    return order_file.jsonl_reader("USD", 2)(json.dumps({**ORDER, **change}))


def test_csv_line_is_an_order() -> None:
    assert csv_line("7,2026-01-05 10:00:00,12.5,usd") == [
        Row("o", "7", "2026-01-05 10:00:00", 1250, None)
    ]


def test_columns_may_come_in_any_order_and_be_quoted() -> None:
    header = "amount,order_id,currency,ordered_at,customer_id"
    assert csv_line('"12.50","#1001",USD,2026-01-05,7', header) == [
        Row("o", "7", "2026-01-05", 1250, "#1001")
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("7,2026-01-05,1.00", "wrong_column_count"),
        ("7,2026-02-30,1.00,USD", "invalid_date"),
        ("7,05.01.2026,1.00,USD", "invalid_date"),
        ("7,2026-W01-1,1.00,USD", "invalid_date"),
        ("7,2026-01-01T10:00:00+16:00,1.00,USD", "invalid_date"),
        ("7,0001-01-01T00:00:00+14:00,1.00,USD", "invalid_date"),
        ("7,9999-12-31,1.00,USD", "invalid_date"),
        ("7,2026-01-05,1.005,USD", "invalid_amount"),
        ("7,2026-01-05,-1.00,USD", "invalid_amount"),
        ("7,2026-01-05,many,USD", "invalid_amount"),
        ("7,2026-01-05,1.00,EUR", "wrong_currency"),
        ("7\t8,2026-01-05,1.00,USD", "invalid_id"),
        (f"{'7' * 65},2026-01-05,1.00,USD", "invalid_id"),
        ('"7,2026-01-05,1.00,USD', "invalid_csv"),
    ],
)
def test_broken_csv_line_is_refused_with_its_code(line: str, code: str) -> None:
    with pytest.raises(RefusedLineError) as refused:
        csv_line(line)
    assert refused.value.code == code


def test_header_without_a_column_is_refused() -> None:
    with pytest.raises(RefusedLineError, match="ordered_at"):
        order_file.csv_reader("customer_id,amount,currency", "o", "USD", 2)


def test_bulk_operation_line_is_an_order() -> None:
    assert jsonl_line() == [Row("o", "7", "2026-01-05T10:00:00Z", 1250, "11")]


def test_refunds_of_an_order_come_along() -> None:
    refund = {
        "id": "gid://shopify/Refund/5",
        "createdAt": "2026-02-01T00:00:00Z",
        "totalRefundedSet": {"shopMoney": {"amount": "2.50", "currencyCode": "USD"}},
    }
    assert jsonl_line(refunds=[refund])[1] == Row(
        "r", "7", "2026-02-01T00:00:00Z", 250, "5", order_key="11"
    )


def test_bottomless_json_is_refused() -> None:
    with pytest.raises(RefusedLineError, match="not JSON"):
        order_file.jsonl_reader("USD", 2)("[" * 100_000)


def test_order_of_a_guest_has_no_customer() -> None:
    assert jsonl_line(customer=None)[0].customer == ""


@pytest.mark.parametrize(
    "change", [{"__parentId": "x"}, {"test": True}, {"cancelledAt": "2026-01-06T00:00:00Z"}]
)
def test_children_tests_and_cancelled_orders_are_skipped(change: dict[str, object]) -> None:
    with pytest.raises(SkippedLineError):
        jsonl_line(**change)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "invalid_id"),
        ({"totalPriceSet": None}, "invalid_amount"),
        ({"totalPriceSet": {"shopMoney": 12}}, "invalid_amount"),
        ({"processedAt": "soon"}, "invalid_date"),
        ({"customer": "7"}, "invalid_json"),
        ({"refunds": [3]}, "invalid_json"),
        ({"refunds": {"edges": []}}, "invalid_json"),
    ],
)
def test_broken_bulk_line_is_refused_with_its_code(change: dict[str, object], code: str) -> None:
    with pytest.raises(RefusedLineError) as refused:
        jsonl_line(**change)
    assert refused.value.code == code


@given(st.text(max_size=200))
def test_any_line_is_taken_skipped_or_refused(line: str) -> None:
    for read in (csv_line, order_file.jsonl_reader("USD", 2)):
        try:
            assert all(isinstance(row, Row) for row in read(line))
        except (RefusedLineError, SkippedLineError):
            continue


def blocks(content: bytes) -> tuple[list[str], Tally, str]:
    """COPY lines, the tally and the report of one source."""
    tally, written = Tally(), StringIO()
    report = RefusalReport(lambda: written)
    source = Source("o.csv", BytesIO(content))
    copied = b"".join(input_lines.copy_blocks(source, "USD", 2, tally, report)).decode()
    return copied.splitlines(), tally, written.getvalue()


def test_byte_order_mark_line_ends_and_empty_lines_do_not_matter() -> None:
    content = f"\ufeff{HEADER}\r\n7,2026-01-05,1.00,USD\r\n\r\n8,2026-01-05,2.00,USD".encode()
    copied, tally, _ = blocks(content)
    nothing = "\\N\t\\N\t\\N\t\\N"
    assert copied == [
        f"o\t1\t7\t2026-01-05\t100\t{nothing}",
        f"o\t2\t8\t2026-01-05\t200\t{nothing}",
    ]
    assert (tally.read, tally.refused) == (2, 0)


def test_refused_lines_are_reported_with_number_and_reason() -> None:
    copied, tally, report = blocks(f"{HEADER}\n7,never,1.00,USD\n8,2026-01-05,2.00,USD\n".encode())
    assert (len(copied), tally.read, tally.refused) == (1, 2, 1)
    assert report.splitlines()[1].startswith("o.csv,2,invalid_date,")


def test_line_without_an_end_does_not_fill_the_memory() -> None:
    huge = b"x" * (3 * order_file.MAX_LINE_BYTES)
    copied, tally, report = blocks(f"{HEADER}\n".encode() + huge + b"\n7,2026-01-05,1.00,USD\n")
    assert (len(copied), tally.refused) == (1, 1)
    assert ",2,line_too_long," in report


def test_bytes_that_are_no_utf8_are_refused_and_not_fatal() -> None:
    copied, tally, _ = blocks(f"{HEADER}\n".encode() + b"\xff\xfe,2026-01-05,1.00,USD\n")
    assert (copied, tally.refused) == ([], 1)
