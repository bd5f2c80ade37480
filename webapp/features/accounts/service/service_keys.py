"""Keys for programs."""

from datetime import timedelta

from sqlalchemy import select, text

from webapp.core import tenancy
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, SERVICE_KEY_ENDED, SERVICE_KEY_INVALID, AppError
from webapp.core.models import ServiceKey
from webapp.core.tenancy import Actor
from webapp.core.words import new_id
from webapp.features.accounts.messages import CreateServiceKey, KeyShown

SHOWN_OF_A_KEY = 10
MAX_NAME = 60


def create_service_key(ctx: Context, message: CreateServiceKey) -> str:
    """Make a key and give it back; it cannot be read again. Raises AppError(invalid_value)."""
    unknown = message.permissions - tenancy.PERMISSIONS
    if unknown or not message.permissions:
        raise AppError(INVALID_VALUE, field="permissions", value=", ".join(sorted(unknown)) or "-")
    if len(message.name) > MAX_NAME or "\0" in message.name:
        raise AppError(INVALID_VALUE, field="name", value="-")
    key, row = _add_key(ctx, message)
    ctx.audit("service_key_created", key_id=row.key_id, permissions=row.permissions)
    return key


def rotate_service_key(ctx: Context, key_id: str, old_lives: timedelta) -> str:
    """A new key with the same name, permissions and end; the old one is valid for `old_lives` more,
    and never longer than it was. Gives back the new key, which cannot be read again.

    Raises AppError(service_key_ended) for a key that is not valid any more.
    """
    old = _valid_key(ctx, key_id)
    message = CreateServiceKey(frozenset(old.permissions), old.expires_at, old.name)
    key, row = _add_key(ctx, message)
    ends = ctx.wall + old_lives
    old.expires_at = min(ends, old.expires_at) if old.expires_at else ends
    ctx.db.flush()
    ctx.audit("service_key_rotated", key_id=old.key_id, new_key_id=row.key_id)
    return key


def revoke_service_key(ctx: Context, key_id: str) -> None:
    """End a key at once. Raises AppError(service_key_ended) for one that is not valid."""
    _valid_key(ctx, key_id).revoked_at = ctx.wall
    ctx.db.flush()
    ctx.audit("service_key_revoked", key_id=key_id)


def list_service_keys(ctx: Context) -> tuple[KeyShown, ...]:
    """All keys of the merchant, newest first."""
    own = ServiceKey.merchant_id == ctx.merchant_id
    order = (ServiceKey.created_at.desc(), ServiceKey.key_id)
    return tuple(
        KeyShown(
            key_id=row.key_id,
            name=row.name,
            prefix=row.prefix,
            permissions=tuple(row.permissions),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_on=row.last_used_on,
            state=_state(ctx, row),
        )
        for row in ctx.db.scalars(select(ServiceKey).where(own).order_by(*order))
    )


def actor_of_service_key(ctx: Context, key_id: str, *, note_use: bool = False) -> Actor:
    """What the holder of a key may do now. Raises AppError(service_key_invalid) for one that is
    revoked or expired (`wall` time).

    `note_use` remembers the day on which the key was used last, with one write a day. Ask before
    anything else is locked, so that two calls never wait crosswise.
    """
    values = {"merchant_id": ctx.merchant_id, "key_id": key_id, "wall": ctx.wall}
    held = ctx.db.execute(_HELD, values).one_or_none()
    if held is None or not held.valid:
        raise AppError(SERVICE_KEY_INVALID)
    if note_use and held.last_used_on != ctx.wall.date():
        ctx.db.execute(_NOTE_USE, {**values, "today": ctx.wall.date()})
    return Actor("service_key", key_id, frozenset(held.permissions))


# Every call asks this, so it is put without the ORM.
_HELD = text(
    """
    select permissions, last_used_on,
           revoked_at is null and coalesce(expires_at > :wall, true) as valid
    from service_keys where merchant_id = :merchant_id and key_id = :key_id
    """
)
_NOTE_USE = text(
    """
    update service_keys set last_used_on = :today
    where merchant_id = :merchant_id and key_id = :key_id
      and last_used_on is distinct from :today
    """
)


def _add_key(ctx: Context, message: CreateServiceKey) -> tuple[str, ServiceKey]:
    key = tenancy.new_service_key()
    row = ServiceKey(
        merchant_id=ctx.merchant_id,
        key_id=new_id("key_"),
        name=message.name,
        prefix=key[:SHOWN_OF_A_KEY],
        key_hash=tenancy.hash_service_key(key),
        permissions=sorted(message.permissions),
        expires_at=message.expires_at,
    )
    ctx.db.add(row)
    ctx.db.flush()
    return key, row


def _valid_key(ctx: Context, key_id: str) -> ServiceKey:
    row = ctx.db.get(ServiceKey, (ctx.merchant_id, key_id))
    if row is None or _state(ctx, row) != "valid":
        raise AppError(SERVICE_KEY_ENDED)
    return row


def _state(ctx: Context, row: ServiceKey) -> str:
    """`valid`, `expired` or `revoked`, by wall time."""
    if row.revoked_at is not None:
        return "revoked"
    expired = row.expires_at is not None and row.expires_at <= ctx.wall
    return "expired" if expired else "valid"
