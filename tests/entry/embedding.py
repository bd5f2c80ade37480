"""Session tokens as Shopify's admin makes them."""

from typing import Any

import jwt
from sqlalchemy import text

from tests.factories import SECRET, FixedClock, Tenant
from webapp.core.db import Database


def api_key_of(database: Database, tenant: Tenant) -> str:
    """The key of the app that serves the tenant's store."""
    with database.transaction(tenant.merchant_id) as ctx:
        sql = "select api_key from apps join stores using (app_id) where store_id = :s"
        return str(ctx.db.scalar(text(sql), {"s": tenant.store_id}))


def claims(clock: FixedClock, shop: str, api_key: str, user: str = "7") -> dict[str, Any]:
    """What a token says that was made just now and lives for a minute."""
    now = int(clock.at.timestamp())
    return {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": api_key,
        "sub": user,
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "8f5d1f0e",
        "sid": "3a2b",
    }


def signed(said: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    """A token that says so."""
    return jwt.encode(said, secret, algorithm=algorithm)


def bearer(token: str) -> dict[str, str]:
    """The header that App Bridge adds to a fetch."""
    return {"Authorization": f"Bearer {token}"}
