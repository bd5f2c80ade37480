"""Who uses the dashboard.

Direct sign-in: a session of twelve hours in a signed SameSite=Lax cookie, and a token in every
form, so that no other site can send one.
"""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request, session

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Form
from webapp.core.errors import FORM_EXPIRED, SIGN_IN_REQUIRED, AppError
from webapp.core.tenancy import Actor
from webapp.entry import parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import AdminSignedIn

FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field


def begin_session(merchant_id: str, admin_user_id: str) -> None:
    """Open a session for this person, and forget any other."""
    session.clear()
    session.permanent = True
    session.update(merchant_id=merchant_id, admin_user_id=admin_user_id)
    session[FORM_TOKEN] = secrets.token_urlsafe(32)


@contextmanager
def signed_in(*, readonly: bool = True) -> Iterator[tuple[Context, AdminSignedIn]]:
    """A unit of work of the signed-in person.

    Raises AppError(sign_in_required) when there is no session, or its person is gone.
    """
    merchant_id, admin_user_id = session.get("merchant_id"), session.get("admin_user_id")
    if not merchant_id or not admin_user_id:
        raise AppError(SIGN_IN_REQUIRED)
    with parts().database.transaction(merchant_id, readonly=readonly) as ctx:
        admin = accounts.admin_signed_in(ctx, admin_user_id)
        ctx.actor = Actor("admin", admin.admin_user_id, admin.permissions)
        ctx.locale = g.locale = choose_locale(admin.locale)
        yield ctx, admin


def choose_locale(own: str) -> str:
    """The language asked for by the address, else the one chosen before, else the person's own."""
    asked = request.args.get("locale")
    if asked:
        session["locale"] = i18n.negotiate(asked)
    return str(session.get("locale") or own)


def form_token() -> str:
    """What every form of this session carries."""
    return str(session.get(FORM_TOKEN, ""))


def check_form(form: Form) -> None:
    """Raise AppError(form_expired) unless the form was made for this session."""
    if not form_token() or not hmac.compare_digest(form.one(FORM_TOKEN), form_token()):
        raise AppError(FORM_EXPIRED)


def say(notice: str) -> None:
    """Have the next page begin with this sentence."""
    if notice:
        session["notice"] = notice


def take_notice() -> str:
    """The sentence this page begins with, if there is one; shown once."""
    return str(session.pop("notice", ""))
