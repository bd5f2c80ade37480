"""Every name of the specification is in the product, or stands in `missing.txt`.

A line there reads `feature | kind | name`. The test fails in both directions: when something is
gone that was there, and when something is there that is still called missing. Charts,
notifications, Flow triggers and success metrics are described in words; their features test them.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapp.core import discovery, i18n
from webapp.core.schema import Base

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONTRACT = tomllib.loads((HERE / "contract.toml").read_text())
NAMES_IN_CODE = ("audit", "event", "metafield", "cache")
# Which feature a table belongs to; the rest are shared.
OWNERS = {
    "rfm_benchmarks": "rfm",
    "rfm_score_history": "rfm",
    "merchant_referrals": "referrals",
    "gamification_achievements": "gamification",
    "team_leaderboards": "gamification",
    "slack_community": "community",
    "wallet_exports": "wallet",
    "points_transactions": "points",
    "referral_links": "points",
    "vip_tiers": "points",
    "program_settings": "points",
}


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def sources(*folders: str) -> str:
    paths = [p for f in folders for p in (ROOT / f).rglob("*.py") if "migrations" not in p.parts]
    return "\n".join(p.read_text() for p in paths)


def absent_calls() -> Iterator[str]:
    rows = [row for _, module in discovery.parts("api") for row in module.USE_CASES]
    known = {row.rest for row in rows}
    for call in CONTRACT["call"]:
        feature = call["feature"]
        if call["rest"] not in known:
            yield f"{feature} | call | {call['rest']}"
        code = sources(f"webapp/features/{feature}") + sources("webapp/core")
        for kind in NAMES_IN_CODE:
            for name in listed(call.get(kind)):
                # A key of the cache is only one with its colon: "slack" alone is a service.
                ends = ":" if kind == "cache" else "[\"']"
                if not re.search(rf"[\"']{re.escape(name.partition(':')[0])}{ends}", code):
                    yield f"{feature} | {kind} | {name}"
        for widget in listed(call.get("widgets")):
            if widget not in discovery.widgets():
                yield f"{feature} | widget | {widget}"


def absent_operations() -> Iterator[str]:
    code = sources("webapp/gateways", "webapp/features")
    for operation in CONTRACT["operation"]:
        if not re.search(rf"\b(query|mutation) {operation['name']}\b", code):
            yield f"{operation['feature']} | operation | {operation['name']}"


def absent_tables() -> Iterator[str]:
    discovery.load_models()
    tables = Base.metadata.tables
    for name, columns in CONTRACT["table"].items():
        for table in columns if name == "also_named" else [name]:
            if table not in tables:
                yield f"{OWNERS.get(table, 'core')} | table | {table}"
        if name in tables:
            for column in (re.match(r"[a-z_]+", c) for c in columns):
                if column and column[0] not in tables[name].columns:
                    yield f"{column_owner(name, column[0])} | column | {name}.{column[0]}"


def column_owner(table: str, column: str) -> str:
    return "rfm" if column in ("churn_score", "lifecycle_stage") else OWNERS.get(table, "core")


def absent_indexes() -> Iterator[str]:
    known = {index.name for table in Base.metadata.tables.values() for index in table.indexes}
    for name in CONTRACT["index"]["names"]:
        if name not in known:
            table = next((t for t in OWNERS if t in name), "core")
            yield f"{OWNERS.get(table, 'core')} | index | {name}"


def test_what_is_missing_is_what_is_called_missing() -> None:
    absent = {*absent_calls(), *absent_operations(), *absent_tables(), *absent_indexes()}
    assert sorted(absent) == (HERE / "missing.txt").read_text().splitlines()


def test_languages_and_directions_are_those_of_the_specification() -> None:
    assert list(i18n.LOCALES) == CONTRACT["locales"]
    assert set(CONTRACT["rtl"]) == i18n.RTL
