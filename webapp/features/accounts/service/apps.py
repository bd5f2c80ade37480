"""Shopify apps and the merchants they serve."""

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.models import App, Merchant
from webapp.features.accounts.messages import AppIdentity, RegisterApp


def register_app(db: Session, keys: KeyRing, message: RegisterApp) -> None:
    """Add an app with its sealed client secret.

    Apps belong to no tenant: call inside `Database.before_tenant`.
    """
    sealed = keys.seal(message.secret, App.place(message.app_id, "secret"))
    if message.listed:
        db.execute(update(App).where(App.listed).values(listed=False))
    db.add(
        App(app_id=message.app_id, api_key=message.api_key, secret=sealed, listed=message.listed)
    )
    db.flush()


def rotate_app_secret(db: Session, keys: KeyRing, app_id: str, secret: str) -> None:
    """Give an app a new secret; the one before it stays good until the next rotation."""
    current, *_ = app_secrets(db, keys, app_id)
    values = {
        "secret": keys.seal(secret, App.place(app_id, "secret")),
        "previous_secret": keys.seal(current, App.place(app_id, "previous_secret")),
    }
    db.execute(update(App).where(App.app_id == app_id).values(values))


def app_secrets(db: Session, keys: KeyRing, app_id: str) -> tuple[str, ...]:
    """The secrets that may have signed a request of this app, newest first."""
    row = db.execute(select(App.secret, App.previous_secret).where(App.app_id == app_id)).one()
    columns = zip(("secret", "previous_secret"), row, strict=True)
    return tuple(keys.open(v, App.place(app_id, column)) for column, v in columns if v is not None)


def app_of_key(db: Session, keys: KeyRing, api_key: str) -> AppIdentity | None:
    """The app that Shopify knows by this API key, or None."""
    return _identity(db, keys, App.api_key == api_key)


def app_of_id(db: Session, keys: KeyRing, app_id: str) -> AppIdentity | None:
    """The app with this id of ours, or None."""
    return _identity(db, keys, App.app_id == app_id)


def listed_app(db: Session, keys: KeyRing) -> AppIdentity | None:
    """The app that shops install which are new to us, or None where none was named."""
    return _identity(db, keys, App.listed)


def _identity(
    db: Session, keys: KeyRing, which: ColumnElement[bool] | InstrumentedAttribute[bool]
) -> AppIdentity | None:
    row = db.execute(select(App.app_id, App.api_key).where(which)).one_or_none()
    if row is None:
        return None
    app_id, api_key = row
    return AppIdentity(app_id, api_key, app_secrets(db, keys, app_id))


def create_merchant(ctx: Context, name: str) -> None:
    """Add the merchant whose id the context was opened with."""
    ctx.db.add(Merchant(merchant_id=ctx.merchant_id, name=name, locale=ctx.locale))
    ctx.db.flush()
    ctx.audit("merchant_created", name=name)


def merchant_name(ctx: Context) -> str:
    """What the merchant is called; empty for one that is not there."""
    found = ctx.db.get(Merchant, ctx.merchant_id)
    return found.name if found else ""
