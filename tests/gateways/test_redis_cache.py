"""The cache: tags, and a server that is not there."""

import os

import pytest

from tests.conftest import Servers
from webapp.core.cache import Found
from webapp.gateways.redis_cache import Guard, RedisCache, connect


@pytest.fixture
def cache(servers: Servers) -> RedisCache:
    return RedisCache(connect(servers.redis_url), Guard())


@pytest.fixture
def key() -> str:
    return f"test:{os.urandom(6).hex()}"


def test_stored_value_is_found_again(cache: RedisCache, key: str) -> None:
    cache.put(key, cache.get(key, [key]), b"value", 60)
    assert cache.get(key, [key]).value == b"value"


def test_value_of_a_dropped_tag_is_gone(cache: RedisCache, key: str) -> None:
    cache.put(key, cache.get(key, ["other", key]), b"value", 60)
    cache.drop([key])
    assert cache.get(key, ["other", key]).value is None


def test_value_made_before_a_drop_never_shows(cache: RedisCache, key: str) -> None:
    found = cache.get(key, [key])
    cache.drop([key])
    cache.put(key, found, b"old", 60)
    assert cache.get(key, [key]).value is None


def test_thousands_of_tags_can_be_dropped_at_once(cache: RedisCache, key: str) -> None:
    tags = [f"{key}:{n}" for n in range(2_000)]
    cache.put(key, cache.get(key, tags[-1:]), b"value", 60)
    cache.drop(tags)
    assert cache.get(key, tags[-1:]).value is None


def test_absent_server_finds_nothing_and_takes_nothing() -> None:
    nobody = RedisCache(connect("unix:///nowhere/valkey.sock"), Guard())
    assert nobody.get("key", ["tag"]) == Found()
    nobody.put("key", Found(stamp=b""), b"value", 60)
    nobody.drop(["tag"])
