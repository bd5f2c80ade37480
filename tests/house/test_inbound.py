"""What is received is asked for, and what is asked for is received."""

import tomllib
from pathlib import Path

import pytest

from webapp.core import discovery, inbox
from webapp.features.accounts.domain.subscriptions import COMPLIANCE, repair, wanted
from webapp.gateways.shopify_webhooks import subscription_topic

ROOT = Path(__file__).parents[2]
SOURCES = ("shopify", "flow", "slack")


def received() -> tuple[str, ...]:
    return inbox.received_topics(discovery.handler_names(), "shopify")


def test_every_topic_of_a_shop_is_subscribed_to_in_one_place() -> None:
    app = tomllib.loads((ROOT / "shopify.app.toml").read_text())
    (in_file,) = app["webhooks"]["subscriptions"]
    assert in_file["uri"] == "/webhooks/shopify"
    assert set(in_file["compliance_topics"]) == COMPLIANCE
    assert set(received()) == set(wanted(received())) | (set(received()) & COMPLIANCE)
    assert {"orders/paid", "customers/update"} <= set(wanted(received()))


def test_every_topic_can_be_asked_for_by_name() -> None:
    for topic in wanted(received()):
        assert subscription_topic(topic) == topic.upper().replace("/", "_")


def test_every_received_topic_comes_from_a_source_there_is() -> None:
    topics = [t for t in discovery.handler_names() if t.startswith("in.")]
    assert topics
    assert {t.split(".")[1] for t in topics} <= set(SOURCES)


@pytest.mark.parametrize(
    ("found", "topics", "moved"),
    [
        ({}, (), {}),
        ({"a/b": [("1", "here")]}, (), {}),
        ({"a/b": []}, ("a/b",), {}),
        ({"a/b": [("1", "elsewhere")]}, ("a/b",), {"a/b": "1"}),
        ({"a/b": [("1", "elsewhere"), ("2", "here")], "c/d": []}, ("c/d",), {}),
    ],
)
def test_only_what_is_missing_is_repaired(
    found: dict[str, list[tuple[str, str]]], topics: tuple[str, ...], moved: dict[str, str]
) -> None:
    needed = repair(found, "here")
    assert (needed.topics, needed.moved) == (topics, moved)
