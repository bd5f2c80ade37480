"""Where people are signed in directly: rows that can be ended, so that signing out is final."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import SIGN_IN_REQUIRED, AppError
from webapp.features.accounts.messages import AdminSignedIn
from webapp.features.accounts.models import AdminSession
from webapp.features.accounts.service.people import admin_signed_in

SESSION_IDLE = timedelta(hours=12)
# What has ended is kept for a while, for questions about who was signed in.
KEPT = timedelta(days=30)
# A session that was seen this recently is not written again.
SEEN_EVERY = timedelta(minutes=5)


def open_session(ctx: Context, admin_user_id: str) -> str:
    """Sign this person in; the token that their cookie holds. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    ctx.db.add(
        AdminSession(
            merchant_id=ctx.merchant_id,
            token_hash=_hash(token),
            admin_user_id=admin_user_id,
            seen_at=ctx.wall,
        )
    )
    ctx.db.flush()
    ctx.audit("admin_signed_in", admin_user_id=admin_user_id)
    return token


def admin_of_session(ctx: Context, token: str) -> tuple[AdminSignedIn, bool]:
    """The person of an open session as they are now, and whether the session should be marked as
    seen. Raises AppError(sign_in_required) for one that was ended or idle for twelve hours."""
    row = ctx.db.get(AdminSession, (ctx.merchant_id, _hash(token)))
    if row is None or row.ended_at is not None or row.seen_at <= ctx.wall - SESSION_IDLE:
        raise AppError(SIGN_IN_REQUIRED)
    return admin_signed_in(ctx, row.admin_user_id), row.seen_at <= ctx.wall - SEEN_EVERY


def mark_session_seen(ctx: Context, token: str) -> None:
    """Begin the idle time of a session anew."""
    sql = text(
        """
        update admin_sessions set seen_at = greatest(seen_at, :wall)
        where merchant_id = :merchant_id and token_hash = :token_hash and ended_at is null
        """
    )
    values = {"merchant_id": ctx.merchant_id, "token_hash": _hash(token), "wall": ctx.wall}
    ctx.db.execute(sql, values)


def end_session(ctx: Context, token: str) -> None:
    """Sign out here."""
    sql = text(
        """
        update admin_sessions set ended_at = :wall
        where merchant_id = :merchant_id and token_hash = :token_hash and ended_at is null
        """
    )
    values = {"merchant_id": ctx.merchant_id, "token_hash": _hash(token), "wall": ctx.wall}
    ctx.db.execute(sql, values)


def end_sessions(ctx: Context, admin_user_id: str | None = None) -> int:
    """Sign this person out everywhere, or everybody of the merchant; how many sessions ended."""
    sql = text(
        """
        with ended as (
            update admin_sessions set ended_at = :wall
            where merchant_id = :merchant_id and ended_at is null
              and (cast(:person as text) is null or admin_user_id = :person)
            returning 1
        ) select count(*) from ended
        """
    )
    values = {"merchant_id": ctx.merchant_id, "person": admin_user_id, "wall": ctx.wall}
    ended = int(ctx.db.scalar(sql, values) or 0)
    ctx.audit("admin_signed_out_everywhere", admin_user_id=admin_user_id, sessions=ended)
    return ended


def forget_sessions(ctx: Context) -> int:
    """Delete sessions that ended, and links that ran out, long ago; their number."""
    sql = text(
        """
        with sessions as (
            delete from admin_sessions where merchant_id = :merchant_id and seen_at < :before
            returning 1
        ), links as (
            delete from sign_in_links where merchant_id = :merchant_id and expires_at < :before
            returning 1
        ) select (select count(*) from sessions) + (select count(*) from links)
        """
    )
    values = {"merchant_id": ctx.merchant_id, "before": ctx.wall - KEPT}
    return int(ctx.db.scalar(sql, values) or 0)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
