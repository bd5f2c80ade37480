"""What repeated calls are answered with: the caller's Idempotency-Key and the first answer to it.

The row is written in the transaction of the call itself, so either both happened or neither: a call
that failed leaves nothing, and its key may be used again. Source of the rules: the IETF draft "The
Idempotency-Key HTTP Header Field", and Stripe's 24 hours.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.context import Context
from webapp.core.errors import IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED, AppError
from webapp.core.schema import Base, Timestamp

LIFE = timedelta(hours=24)


class CallAnswer(Base):
    """The answer to one key of one merchant. `answer` is NULL only inside the call itself."""

    __tablename__ = "call_answers"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Timestamp)


# The lock is held until the call commits, so whoever gets it sees what the first one stored: the
# check for a conflict does not look at a snapshot, and the SELECT below takes a new one.
_TAKE = text(
    """
    with free as materialized (
        select pg_try_advisory_xact_lock(
            hashtextextended('call:' || :merchant_id || ':' || :key, 0)
        ) as mine
    ), taken as (
        insert into call_answers as a
            (merchant_id, idempotency_key, request_hash, created_at)
        select :merchant_id, :key, :request_hash, :wall from free where mine
        on conflict (merchant_id, idempotency_key) do update
        set request_hash = excluded.request_hash, answer = null, created_at = excluded.created_at
        where a.created_at <= :oldest
        returning 1
    )
    select mine, exists (select from taken) from free
    """
)

_FIRST = text(
    """
    select request_hash, answer from call_answers
    where merchant_id = :merchant_id and idempotency_key = :key
    """
)

_KEEP = text(
    """
    update call_answers set answer = cast(:answer as jsonb)
    where merchant_id = :merchant_id and idempotency_key = :key
    """
)


def request_hash(name: str, message: Mapping[str, Any]) -> bytes:
    """What tells one request from another: the call and its message, in any order of fields."""
    written = json.dumps([name, message], sort_keys=True)
    return hashlib.sha256(written.encode()).digest()


def first_answer(ctx: Context, key: str, asked: bytes) -> dict[str, Any] | None:
    """The answer that was given to `key`, or None when this call is the first and now holds it.

    Raises AppError: idempotency_key_reused when it was another request, idempotency_key_in_use
    while another call with it has not ended.
    """
    values = {
        "merchant_id": ctx.merchant_id,
        "key": key,
        "request_hash": asked,
        "wall": ctx.wall,
        "oldest": ctx.wall - LIFE,
    }
    mine, taken = ctx.db.execute(_TAKE, values).one()
    if not mine:
        raise AppError(IDEMPOTENCY_KEY_IN_USE)
    if taken:
        return None
    stored, answer = ctx.db.execute(_FIRST, values).one()
    if stored != asked:
        raise AppError(IDEMPOTENCY_KEY_REUSED)
    return dict(answer)


def keep_answer(ctx: Context, key: str, answer: Mapping[str, Any]) -> None:
    """Store the answer to the key that this call holds."""
    values = {"merchant_id": ctx.merchant_id, "key": key, "answer": json.dumps(answer)}
    ctx.db.execute(_KEEP, values)


def forget_answers(ctx: Context) -> int:
    """Delete the merchant's answers that are older than their life; their number."""
    sql = text(
        """
        with gone as (
            delete from call_answers
            where merchant_id = :merchant_id and created_at <= :oldest returning 1
        ) select count(*) from gone
        """
    )
    values = {"merchant_id": ctx.merchant_id, "oldest": ctx.wall - LIFE}
    return int(ctx.db.scalar(sql, values) or 0)
