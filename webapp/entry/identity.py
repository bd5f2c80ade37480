"""Who uses the dashboard, and what they keep between two pages.

The same pages are mounted twice. Below /admin a person is known by a session, which is a row that
can be ended; its token is in a signed, HttpOnly, SameSite=Lax cookie, and every form carries a
token of its own, so that no other site can send one. Below /app, inside Shopify's admin, cookies
do not work: a person is known by the session token of App Bridge, which every request brings
along, and which is itself the proof that no other site sent it. Neither way accepts what the other
one goes by.
"""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Form
from webapp.core.errors import FORM_EXPIRED, NO_ACCESS, SIGN_IN_REQUIRED, AppError
from webapp.core.tenancy import Actor
from webapp.entry import embedded, parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import AdminSignedIn

FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
TOKEN = "token"  # noqa: S105 - the name of a field
NOTICE = "said"
NOTICE_SECONDS = 60


def begin_session(merchant_id: str, token: str) -> None:
    """Let this browser hold a session's token, and forget any other."""
    session.clear()
    session.permanent = True
    session.update(merchant_id=merchant_id, token=token)
    session[FORM_TOKEN] = secrets.token_urlsafe(32)


def begin_operator_session(token: str) -> None:
    """Let this browser hold an operator's token, and forget any other."""
    session.clear()
    session["operator"] = token
    session[FORM_TOKEN] = secrets.token_urlsafe(32)


def end_session() -> None:
    """End the session of this browser, if it has one."""
    merchant_id, token = session.get("merchant_id"), session.get(TOKEN)
    session.clear()
    if merchant_id and token:
        with parts().database.transaction(merchant_id) as ctx:
            accounts.end_session(ctx, token)


@contextmanager
def signed_in(*, readonly: bool = True) -> Iterator[tuple[Context, AdminSignedIn]]:
    """A unit of work of the person who asks.

    Raises AppError: sign_in_required, session_token_invalid, session_token_expired; no_access for
    somebody whose access was taken away.
    """
    if embedded.asked():
        tenant, admin_user_id = embedded.caller()
        with parts().database.transaction(tenant, readonly=readonly) as ctx:
            yield ctx, _begin(ctx, accounts.admin_signed_in(ctx, admin_user_id))
        return
    merchant_id, token = session.get("merchant_id"), session.get(TOKEN)
    if not merchant_id or not token:
        raise AppError(SIGN_IN_REQUIRED)
    with parts().database.transaction(merchant_id, readonly=readonly) as ctx:
        admin, unseen = accounts.admin_of_session(ctx, token)
        yield ctx, _begin(ctx, admin)
    if unseen:
        with parts().database.transaction(merchant_id) as ctx:
            accounts.mark_session_seen(ctx, token)


def _begin(ctx: Context, admin: AdminSignedIn) -> AdminSignedIn:
    """Let the unit of work be this person's: what they may do, read, and look at."""
    ctx.locale = g.locale = choose_locale(admin.locale)
    if not admin.permissions:
        raise AppError(NO_ACCESS)
    ctx.actor = Actor("admin", admin.admin_user_id, admin.permissions)
    ctx.store_id = admin.store_id
    return admin


def choose_locale(own: str) -> str:
    """The language asked for by the address, else the person's own. Asked for directly it stays
    for the session; Shopify adds its own wish to every address, and that one is not ours."""
    if embedded.asked():
        return own
    asked = request.args.get("locale")
    if asked:
        session["locale"] = i18n.negotiate(asked)
    return str(session.get("locale") or own)


def forget_locale() -> None:
    """What the address asked for gives way to what the person has chosen."""
    session.pop("locale", None)


def form_token() -> str:
    """What every form of this session carries; inside Shopify's admin the request itself does."""
    return "" if embedded.asked() else str(session.get(FORM_TOKEN, ""))


def check_form(form: Form) -> None:
    """Raise AppError(form_expired) unless the form was made for this session."""
    if embedded.asked():
        return
    given, own = form.one(FORM_TOKEN).encode(), form_token().encode()
    if not own or not hmac.compare_digest(given, own):
        raise AppError(FORM_EXPIRED)


def say(notice: str, address: str) -> str:
    """Have the page at `address` begin with this sentence; the address to go to. Without cookies
    the sentence travels in it, signed, so that nobody else can put words into a page."""
    if not notice:
        return address
    if not embedded.asked():
        session["notice"] = notice
        return address
    return f"{address}{'&' if '?' in address else '?'}{NOTICE}={_notices().dumps(notice)}"


def take_notice() -> str:
    """The sentence this page begins with, if there is one; shown once."""
    if not embedded.asked():
        return str(session.pop("notice", ""))
    try:
        return str(_notices().loads(request.args.get(NOTICE, ""), max_age=NOTICE_SECONDS))
    except BadSignature:
        return ""


def _notices() -> URLSafeTimedSerializer:
    """Signs a sentence for one person."""
    return URLSafeTimedSerializer(parts().settings.secret_key, salt=":".join(embedded.caller()))
