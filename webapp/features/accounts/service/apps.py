"""Shopify apps and the merchants they serve."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.models import App, Merchant
from webapp.features.accounts.messages import RegisterApp


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
