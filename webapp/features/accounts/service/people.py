"""People who sign in to the dashboard, and the links that let them."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select, text

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.errors import (
    INVALID_VALUE,
    LAST_OWNER,
    SIGN_IN_LINK_INVALID,
    SIGN_IN_REQUIRED,
    STORE_NOT_FOUND,
    AppError,
)
from webapp.core.models import AdminUser, Store
from webapp.core.tenancy import ROLE_PERMISSIONS
from webapp.core.words import new_id
from webapp.features.accounts.messages import AdminSignedIn, StaffMember
from webapp.features.accounts.models import SignInLink

SIGN_IN_LINK_LIFE = timedelta(minutes=15)
MAX_NAME = 100


def add_admin(ctx: Context, name: str, role: str) -> str:
    """Add a person who may sign in to the dashboard; `role` is one of ROLE_PERMISSIONS."""
    return _add(ctx, AdminUser(name=name, role=role, locale=ctx.locale))


def meet_admin(ctx: Context, store_id: str, member: StaffMember) -> str:
    """The id of a person who comes from this store's Shopify admin, added when they are new.

    The owner of the account's first shop is an owner here, and so is the first person of an account
    that has none. The owner of a shop that has joined begins as a manager, for the account may be
    another's; everybody else as an analyst, who changes nothing, until an owner says otherwise.
    """
    # Two first visits at once must not make two first owners, nor one person twice.
    ctx.db.execute(text("select pg_advisory_xact_lock(hashtext(:m))"), {"m": ctx.merchant_id})
    known = admin_of_staff(ctx, store_id, member.external_id)
    if known is not None:
        return known
    role = "analyst"
    if member.account_owner:
        role = (
            "owner"
            if store_id == ctx.db.scalar(_FIRST_STORE, {"m": ctx.merchant_id})
            else "manager"
        )
    if not _owners(ctx):
        role = "owner"
    person = AdminUser(
        name=member.name[:MAX_NAME],
        role=role,
        locale=i18n.negotiate(member.locale),
        store_id=store_id,
        external_id=member.external_id,
        looking_at=store_id,
    )
    return _add(ctx, person)


_FIRST_STORE = text(
    "select store_id from stores where merchant_id = :m order by created_at, store_id limit 1"
)


def _add(ctx: Context, person: AdminUser) -> str:
    person.merchant_id, person.admin_user_id = ctx.merchant_id, new_id("adm_")
    ctx.db.add(person)
    ctx.db.flush()
    ctx.audit("admin_user_added", admin_user_id=person.admin_user_id, role=person.role)
    return person.admin_user_id


def admin_of_staff(ctx: Context, store_id: str, external_id: str) -> str | None:
    """The person whom this shop knows by that number, if they were here before."""
    found = select(AdminUser.admin_user_id).where(
        AdminUser.merchant_id == ctx.merchant_id,
        AdminUser.store_id == store_id,
        AdminUser.external_id == external_id,
    )
    return ctx.db.scalar(found)


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
    return admin_signed_in(ctx, admin_user_id)


def admin_signed_in(ctx: Context, admin_user_id: str) -> AdminSignedIn:
    """The person of a session as they are now. Raises AppError(sign_in_required)."""
    admin = ctx.db.get(AdminUser, (ctx.merchant_id, admin_user_id))
    if admin is None:
        raise AppError(SIGN_IN_REQUIRED)
    permissions = ROLE_PERMISSIONS[admin.role]
    return AdminSignedIn(
        admin.admin_user_id, admin.name, admin.locale, permissions, admin.role, admin.looking_at
    )


def change_role(ctx: Context, admin_user_id: str, role: str) -> None:
    """Give a person another role. Raises AppError: invalid_value, last_owner."""
    if role not in ROLE_PERMISSIONS:
        raise AppError(INVALID_VALUE, field="role", value=role)
    ctx.db.execute(text("select pg_advisory_xact_lock(hashtext(:m))"), {"m": ctx.merchant_id})
    person = ctx.db.get(AdminUser, (ctx.merchant_id, admin_user_id), with_for_update=True)
    if person is None:
        raise AppError(INVALID_VALUE, field="person", value=admin_user_id)
    if person.role == "owner" and role != "owner" and _owners(ctx) == 1:
        raise AppError(LAST_OWNER)
    before, person.role = person.role, role
    ctx.audit("admin_role_changed", admin_user_id=admin_user_id, before=before, role=role)


def choose_language(ctx: Context, admin_user_id: str, locale: str) -> None:
    """Remember the language a person reads. Raises AppError(invalid_value)."""
    if locale not in i18n.LOCALES:
        raise AppError(INVALID_VALUE, field="locale", value=locale)
    ctx.db.get_one(AdminUser, (ctx.merchant_id, admin_user_id)).locale = locale


def choose_store(ctx: Context, admin_user_id: str, store_id: str) -> None:
    """Remember which store a person looks at; empty is all. Raises AppError(store_not_found)."""
    if store_id and ctx.db.get(Store, (ctx.merchant_id, store_id)) is None:
        raise AppError(STORE_NOT_FOUND, store=store_id)
    person = ctx.db.get_one(AdminUser, (ctx.merchant_id, admin_user_id))
    person.looking_at = store_id or None


def merchant_of_token(token: str) -> str:
    """The tenant that a sign-in token names. Raises AppError(sign_in_link_invalid)."""
    merchant_id, separator, rest = token.partition("~")
    if not (merchant_id and separator and rest) or len(token) > 200 or "\0" in token:
        raise AppError(SIGN_IN_LINK_INVALID)
    return merchant_id


def _owners(ctx: Context) -> int:
    sql = "select count(*) from admin_users where merchant_id = :m and role = 'owner'"
    return int(ctx.db.scalar(text(sql), {"m": ctx.merchant_id}) or 0)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
