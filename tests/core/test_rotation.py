"""Keys can be taken out of the ring once everything is sealed anew, wherever it was interrupted."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.factories import make_tenant
from webapp.core import rotation
from webapp.core.connections import credentials
from webapp.core.crypto import KeyRing, Place, SealedValueError
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.core.models import Store
from webapp.core.schema import Base
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import SaveConnection
from webapp.parts import Parts

OLD, NEW = {"k1": b"1" * 32}, {"k2": b"2" * 32}


def with_keys(parts: Parts, keys: dict[str, bytes]) -> Database:
    """The same database, opened by a process with this ring."""
    database = parts.database
    database._keys = KeyRing(keys)
    return database


def fill(parts: Parts) -> str:
    """Something in every kind of place; the merchant."""
    tenant = make_tenant(parts.database, access_token="shpat_1")
    with parts.database.transaction(tenant.merchant_id) as ctx:
        accounts.save_connection(ctx, SaveConnection("klaviyo", {"api_key": "pk_old_key_0001"}))
        values = {"m": ctx.merchant_id, "s": tenant.store_id}
        place = Place("customer_contacts", "email", ctx.merchant_id, f"{tenant.store_id}:7")
        sealed = ctx.keys.seal("a@b.example", place)
        sql = """insert into customer_contacts
            (merchant_id, store_id, external_id, email, updated_at)
            values (:m, :s, '7', :e, now())"""
        ctx.db.execute(text(sql), {**values, "e": sealed})
    with parts.database.transaction(PLATFORM) as ctx:
        accounts.save_connection(ctx, SaveConnection("slack", {"bot_token": "xoxb-1"}))
    return tenant.merchant_id


def test_after_rotation_the_old_key_is_not_needed(committed: Parts) -> None:
    merchant_id = fill(committed)
    database = with_keys(committed, {**NEW, **OLD})
    told: list[str] = []
    assert rotation.rotate(database, lambda column, number: told.append(column)).number >= 5
    assert {"apps.secret", "stores.access_token", "connections.sealed"} <= set(told)
    assert {"customer_contacts.email", "platform_connections.sealed"} <= set(told)
    database = with_keys(committed, NEW)
    with database.transaction(merchant_id) as ctx:
        (store,) = ctx.db.query(Store).all()
        place = Store.token_place(merchant_id, store.store_id)
        assert ctx.keys.open(store.access_token or b"", place) == "shpat_1"
        klaviyo, slack = credentials(ctx, "klaviyo"), credentials(ctx, "slack")
    assert klaviyo is not None and klaviyo.values["api_key"] == "pk_old_key_0001"
    assert slack is not None and slack.values["bot_token"] == "xoxb-1"
    assert rotation.rotate(database, lambda *_: None).number == 0


def test_an_interrupted_rotation_goes_on(committed: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    merchant_id = fill(committed)
    monkeypatch.setattr(rotation, "BATCH", 1)
    database = with_keys(committed, {**NEW, **OLD})

    def stop(column: str, number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(database, stop)
    first = rotation.rotate(database, lambda *_: None).number
    assert first >= 4
    assert rotation.rotate(database, lambda *_: None).number == 0
    database = with_keys(committed, NEW)
    with database.transaction(merchant_id) as ctx:
        assert credentials(ctx, "klaviyo") is not None


def test_a_damaged_value_is_named_and_stops_nothing(committed: Parts) -> None:
    merchant_id = fill(committed)
    with committed.database.transaction(merchant_id) as ctx:
        ctx.db.execute(text("update connections set sealed = sealed || 'x'::bytea"))
    done = rotation.rotate(with_keys(committed, {**NEW, **OLD}), lambda *_: None)
    assert [one.partition(" ")[0] for one in done.broken] == ["connections.sealed"]
    assert done.number >= 4


def test_without_rotation_the_old_key_is_missed(committed: Parts) -> None:
    merchant_id = fill(committed)
    database = with_keys(committed, NEW)
    with (
        pytest.raises(SealedValueError, match="not in the ring"),
        database.transaction(merchant_id) as ctx,
    ):
        credentials(ctx, "klaviyo")


def test_every_sealed_column_is_known() -> None:
    known = {f"{table.name}.{column}" for table, column, _ in rotation.sealed_columns()}
    # What else is binary: hashes, and pictures.
    plain = {"_hash", "visitor", "png", "body_hash", "token_hash"}
    binary = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if type(column.type).__name__ == "LargeBinary"
        and not any(column.name.endswith(end) for end in plain)
    }
    assert binary <= known, binary - known
    assert "wallet_exports.pass_data" in known


def test_the_application_may_change_what_is_sealed(committed: Parts) -> None:
    sql = text("select has_column_privilege('loyalnest_app', :t, :c, 'UPDATE')")
    with committed.database.before_tenant() as db:
        refused = [
            f"{table.name}.{column}"
            for table, column, _ in rotation.sealed_columns()
            if not db.scalar(sql, {"t": table.name, "c": column})
        ]
    assert refused == []


def test_an_envelope_is_bound_to_its_place_and_says_its_key() -> None:
    ring, place = KeyRing({**NEW, **OLD}), Place("t", "c", "m", "r")
    envelope = ring.seal_envelope("said", place)
    assert (envelope["v"], envelope["alg"], envelope["kid"]) == (1, "A256GCM", "k2")
    assert KeyRing(NEW).open_envelope(envelope, place) == "said"
    for broken in (
        {**envelope, "kid": "k1"},
        {**envelope, "ct": envelope["n"]},
        {**envelope, "alg": "none"},
        {name: value for name, value in envelope.items() if name != "n"},
        {**envelope, "n": "no base64"},
    ):
        with pytest.raises(SealedValueError):
            ring.open_envelope(broken, place)
    with pytest.raises(SealedValueError):
        ring.open_envelope(envelope, replace(place, row="other"))
