"""Keys for programs."""

from webapp.core import tenancy
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, SERVICE_KEY_INVALID, AppError
from webapp.core.models import ServiceKey
from webapp.core.tenancy import Actor
from webapp.core.words import new_id
from webapp.features.accounts.messages import CreateServiceKey

SHOWN_OF_A_KEY = 10


def create_service_key(ctx: Context, message: CreateServiceKey) -> str:
    """Make a key and give it back; it cannot be read again. Raises AppError(invalid_value)."""
    unknown = message.permissions - tenancy.PERMISSIONS
    if unknown or not message.permissions:
        raise AppError(INVALID_VALUE, field="permissions", value=", ".join(sorted(unknown)) or "-")
    key = tenancy.new_service_key()
    row = ServiceKey(
        merchant_id=ctx.merchant_id,
        key_id=new_id("key_"),
        prefix=key[:SHOWN_OF_A_KEY],
        key_hash=tenancy.hash_service_key(key),
        permissions=sorted(message.permissions),
        expires_at=message.expires_at,
    )
    ctx.db.add(row)
    ctx.db.flush()
    ctx.audit("service_key_created", key_id=row.key_id, permissions=row.permissions)
    return key


def actor_of_service_key(ctx: Context, key_id: str) -> Actor:
    """What the holder of a key may do now. Raises AppError(service_key_invalid) for one that is
    revoked or expired (`wall` time)."""
    row = ctx.db.get(ServiceKey, (ctx.merchant_id, key_id))
    expired = row is not None and row.expires_at is not None and row.expires_at <= ctx.wall
    if row is None or row.revoked_at is not None or expired:
        raise AppError(SERVICE_KEY_INVALID)
    return Actor("service_key", row.key_id, frozenset(row.permissions))
