import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from webapp.demo.survey import SurveyError, survey

HEADER = "customer_id,ordered_at,amount,currency"
REFUSED = ("7,2999-02-30,1.00,EUR", "7,2999-01-01,none,EUR", "7,2999-01-01,1.00", '"7,2999')


def csv_file(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "orders.csv"
    file.write_text("\n".join((header, *lines)))
    return file


def order(day: str, currency: str, **more: object) -> str:
    money = {"shopMoney": {"amount": "5.00", "currencyCode": currency}}
    return json.dumps({"id": day, "processedAt": day, "totalPriceSet": money, **more})


def test_most_rows_decide_the_currency(tmp_path: Path) -> None:
    lines = "7,2026-03-01,1.00,USD", "7,2026-01-01,1.00,EUR", "7,2026-02-01,1.00,eur"
    found = survey(csv_file(tmp_path, *lines))
    assert (found.currency, found.last_day) == ("EUR", date(2026, 2, 1))


def test_rows_that_the_import_refuses_have_no_say(tmp_path: Path) -> None:
    found = survey(csv_file(tmp_path, *REFUSED, "7,2026-01-01T10:00:00Z,1.00,USD"))
    assert (found.currency, found.last_day) == ("USD", date(2026, 1, 1))


@pytest.mark.parametrize(
    "header", ["\ufeff" + HEADER, "\n \n" + HEADER, '"customer_id","ordered_at","amount",Currency']
)
def test_a_header_may_be_written_in_many_ways(tmp_path: Path, header: str) -> None:
    file = csv_file(tmp_path, "7,2026-01-01,1.00,JPY", header=header)
    assert survey(file).currency == "JPY"


def test_bulk_lines_without_an_order_have_no_say(tmp_path: Path) -> None:
    test, bare = order("2999-01-01", "EUR", test=True), '{"id": "1", "totalPriceSet": {}}'
    other = '{"__parentId": "1"}', "[]", "{"
    file = tmp_path / "orders.jsonl"
    file.write_text("\ufeff" + "\n".join((bare, test, *other, order("2026-01-01", "GBP"))))
    assert (survey(file).currency, survey(file).last_day) == ("GBP", date(2026, 1, 1))


@pytest.mark.parametrize("harm", ["truncated", "corrupt"])
def test_a_broken_archive_is_a_sentence(tmp_path: Path, harm: str) -> None:
    content = gzip.compress("\n".join((HEADER, *["7,2026-01-01,1.00,USD"] * 9_999)).encode())
    half = len(content) // 2
    file = tmp_path / "orders.csv.gz"
    file.write_bytes(content[:half] + (b"\xff" * half if harm == "corrupt" else b""))
    with pytest.raises(SurveyError, match=r"^orders.csv.gz cannot be read to its end"):
        survey(file)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", HEADER, "{}"])
def test_a_file_without_orders_is_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(content)
    with pytest.raises(SurveyError, match=r"^orders.csv "):
        survey(file)
