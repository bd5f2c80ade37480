"""People who sign in to the dashboard, and the links that let them."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import SIGN_IN_LINK_INVALID, SIGN_IN_REQUIRED, AppError
from webapp.core.models import AdminUser
from webapp.core.tenancy import ROLE_PERMISSIONS
from webapp.core.words import new_id
from webapp.features.accounts.messages import AdminSignedIn
from webapp.features.accounts.models import SignInLink

SIGN_IN_LINK_LIFE = timedelta(minutes=15)


def add_admin(ctx: Context, name: str, role: str) -> str:
    """Add a person who may sign in to the dashboard; `role` is one of ROLE_PERMISSIONS."""
    admin_user_id = new_id("adm_")
    ctx.db.add(
        AdminUser(
            merchant_id=ctx.merchant_id,
            admin_user_id=admin_user_id,
            name=name,
            role=role,
            locale=ctx.locale,
        )
    )
    ctx.db.flush()
    ctx.audit("admin_user_added", admin_user_id=admin_user_id, role=role)
    return admin_user_id


def create_sign_in_link(ctx: Context, admin_user_id: str) -> str:
    """A token that signs this person in once, within fifteen minutes. Its form is
    `<merchant id>~<random>`, so that the tenant is known before the token is looked up."""
    token = f"{ctx.merchant_id}~{secrets.token_urlsafe(32)}"
    ctx.db.add(
        SignInLink(
            merchant_id=ctx.merchant_id,
            token_hash=_hash(token),
            admin_user_id=admin_user_id,
            expires_at=ctx.wall + SIGN_IN_LINK_LIFE,
        )
    )
    ctx.db.flush()
    return token


def use_sign_in_link(ctx: Context, token: str) -> AdminSignedIn:
    """Use a token up. Raises AppError(sign_in_link_invalid) when it is used, expired or unknown."""
    use = text(
        """
        update sign_in_links set used_at = :wall
        where merchant_id = :merchant_id and token_hash = :token_hash
          and used_at is null and expires_at > :wall
        returning admin_user_id
        """
    )
    values = {"merchant_id": ctx.merchant_id, "token_hash": _hash(token), "wall": ctx.wall}
    admin_user_id = ctx.db.scalar(use, values)
    if admin_user_id is None:
        raise AppError(SIGN_IN_LINK_INVALID)
    ctx.audit("admin_signed_in", admin_user_id=admin_user_id)
    return admin_signed_in(ctx, admin_user_id)


def admin_signed_in(ctx: Context, admin_user_id: str) -> AdminSignedIn:
    """The person of a session as they are now. Raises AppError(sign_in_required)."""
    admin = ctx.db.get(AdminUser, (ctx.merchant_id, admin_user_id))
    if admin is None:
        raise AppError(SIGN_IN_REQUIRED)
    return AdminSignedIn(
        admin.admin_user_id, admin.name, admin.locale, ROLE_PERMISSIONS[admin.role]
    )


def merchant_of_token(token: str) -> str:
    """The tenant that a sign-in token names. Raises AppError(sign_in_link_invalid)."""
    merchant_id, separator, rest = token.partition("~")
    if not (merchant_id and separator and rest) or len(token) > 200 or "\0" in token:
        raise AppError(SIGN_IN_LINK_INVALID)
    return merchant_id


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
