"""Use cases of accounts. None of them commits."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.core import tenancy
from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.errors import (
    INVALID_VALUE,
    SERVICE_KEY_INVALID,
    SIGN_IN_LINK_INVALID,
    SIGN_IN_REQUIRED,
    STORE_TAKEN,
    AppError,
)
from webapp.core.models import AdminUser, App, Merchant, ServiceKey, Store
from webapp.core.tenancy import ROLE_PERMISSIONS, Actor
from webapp.core.words import CURRENCIES, shop_domain, zone
from webapp.features.accounts.messages import (
    AdminSignedIn,
    ConnectStore,
    CreateServiceKey,
    RegisterApp,
)
from webapp.features.accounts.models import SignInLink

SIGN_IN_LINK_LIFE = timedelta(minutes=15)
SHOWN_OF_A_KEY = 10


def new_id(prefix: str) -> str:
    """A random id with 128 bits, e.g. `mer_...`."""
    return prefix + secrets.token_urlsafe(16)


def register_app(db: Session, keys: KeyRing, message: RegisterApp) -> None:
    """Add an app with its sealed client secret.

    Apps belong to no tenant: call inside `Database.before_tenant`.
    """
    sealed = keys.seal(message.secret, App.place(message.app_id, "secret"))
    db.add(App(app_id=message.app_id, api_key=message.api_key, secret=sealed))
    db.flush()


def app_secrets(db: Session, keys: KeyRing, app_id: str) -> tuple[str, ...]:
    """The secrets that may have signed a request of this app, newest first."""
    row = db.execute(select(App.secret, App.previous_secret).where(App.app_id == app_id)).one()
    columns = zip(("secret", "previous_secret"), row, strict=True)
    return tuple(keys.open(v, App.place(app_id, column)) for column, v in columns if v is not None)


def create_merchant(ctx: Context, name: str) -> None:
    """Add the merchant whose id the context was opened with."""
    ctx.db.add(Merchant(merchant_id=ctx.merchant_id, name=name, locale=ctx.locale))
    ctx.db.flush()
    ctx.audit("merchant_created", name=name)


def connect_store(ctx: Context, message: ConnectStore) -> str:
    """Add a shop to the merchant and give back its store id.

    Raises AppError: invalid_value (domain, currency or zone), store_taken.
    """
    domain = shop_domain(message.shop_domain)
    checks = {
        "shop_domain": (domain is not None, message.shop_domain),
        "currency": (message.currency in CURRENCIES, message.currency),
        "timezone": (zone(message.timezone) is not None, message.timezone),
    }
    for field, (valid, value) in checks.items():
        if not valid:
            raise AppError(INVALID_VALUE, field=field, value=value)
    store_id, token = new_id("sto_"), message.access_token
    sealed = ctx.keys.seal(token, Store.token_place(ctx.merchant_id, store_id)) if token else None
    insert = text(
        """
        insert into stores
            (merchant_id, store_id, shop_domain, app_id, currency, timezone, access_token)
        values (:merchant_id, :store_id, :domain, :app_id, :currency, :timezone, :sealed)
        on conflict (shop_domain) do nothing returning store_id
        """
    )
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "domain": domain,
        "app_id": message.app_id,
        "currency": message.currency,
        "timezone": message.timezone,
        "sealed": sealed,
    }
    if ctx.db.scalar(insert, values) is None:
        raise AppError(STORE_TAKEN, store=message.shop_domain)
    ctx.audit("store_connected", store_id=store_id, shop_domain=domain)
    return store_id


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
