"""The merchant's dashboard: who is signed in, and the pages made of every feature's panels.

Direct sign-in: a one-time link, then a session of twelve hours in a signed SameSite=Lax cookie.
Every page works without JavaScript; HTMX refreshes a panel while something is going on in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from htmx_flask import request as htmx_request  # type: ignore[import-untyped]
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Panel
from webapp.core.errors import NOT_FOUND, SIGN_IN_REQUIRED, AppError
from webapp.core.models import Merchant, Store
from webapp.core.tenancy import Actor
from webapp.entry import failures, parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import AdminSignedIn

blueprint = Blueprint("dashboard", __name__, url_prefix="/admin")


@blueprint.get("/sign-in")
def sign_in() -> AnyResponse:
    """Use a one-time link up and open a session. The page after it carries no token.

    HEAD does not use it up: scanners of mails send that.
    """
    if request.method == "HEAD":
        abort(405)
    token = request.args.get("token", "")
    merchant_id = accounts.merchant_of_token(token)
    with parts().database.transaction(merchant_id) as ctx:
        admin = accounts.use_sign_in_link(ctx, token)
    session.clear()
    session.permanent = True
    session.update(merchant_id=merchant_id, admin_user_id=admin.admin_user_id)
    return redirect("/admin/")


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """Forget the session. The cookie is SameSite=Lax, so no other site can send this."""
    session.clear()
    return redirect("/admin/")


@blueprint.get("/")
def overview() -> str:
    """Everything at a glance: one panel a feature."""
    with signed_in() as (ctx, admin):
        panels = [
            {"name": panel.name, "html": panel_html(ctx, feature, panel)}
            for feature, panel in discovery.panels()
            if panel.permission in admin.permissions
        ]
        return page(ctx, admin, panels)


@blueprint.get("/panels/<name>")
def one_panel(name: str) -> AnyResponse | str:
    """One panel alone, for HTMX; without HTMX the overview has it."""
    if not htmx_request.htmx:
        return redirect("/admin/")
    with signed_in() as (ctx, _):
        for feature, panel in discovery.panels():
            if panel.name == name:
                ctx.actor.demand(panel.permission)
                return str(panel_html(ctx, feature, panel))
    raise AppError(NOT_FOUND)


@contextmanager
def signed_in() -> Iterator[tuple[Context, AdminSignedIn]]:
    """A read-only unit of work of the signed-in person.

    Raises AppError(sign_in_required) when there is no session, or its person is gone.
    """
    merchant_id, admin_user_id = session.get("merchant_id"), session.get("admin_user_id")
    if not merchant_id or not admin_user_id:
        raise AppError(SIGN_IN_REQUIRED)
    with parts().database.transaction(merchant_id, readonly=True) as ctx:
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


def panel_html(ctx: Context, feature: str, panel: Panel) -> Markup:
    """A feature's panel, rendered from the feature's own template."""
    template = f"{feature}/templates/{panel.template}"
    return Markup(render_template(template, **panel.load(ctx), name=panel.name))  # noqa: S704 - our own template, escaped by Jinja


def page(ctx: Context, admin: AdminSignedIn, panels: list[dict[str, Any]]) -> str:
    """The shell around the panels."""
    merchant = ctx.db.get_one(Merchant, ctx.merchant_id)
    own = Store.merchant_id == ctx.merchant_id
    domains = ctx.db.scalars(select(Store.shop_domain).where(own).order_by(Store.shop_domain))
    title = i18n.text(ctx.locale, "dashboard.overview", "Overview")
    return render_template(
        "dashboard.html",
        locale=ctx.locale,
        dir=i18n.direction(ctx.locale),
        merchant_name=merchant.name,
        stores=[{"domain": domain, "name": domain.partition(".")[0]} for domain in domains],
        now=ctx.now,
        title=title,
        nav=[{"href": "/admin/", "label": title, "current": True}],
        locales=[{"tag": tag, "name": i18n.native_name(tag)} for tag in i18n.LOCALES],
        admin_name=admin.name,
        panels=panels,
    )


@blueprint.after_request
def guard(response: Response) -> Response:
    """Dashboard pages belong to one person: nobody else may keep them."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.errorhandler(AppError)
def refused(error: AppError) -> Response:
    """Without a valid session: how to sign in. Everything else: the page of the failure."""
    if error.kind.http != SIGN_IN_REQUIRED.http:
        return failures.page(error)
    g.locale = i18n.negotiate(request.args.get("locale"), request.headers.get("Accept-Language"))
    body = render_template(
        "signed_out.html",
        locale=g.locale,
        dir=i18n.direction(g.locale),
        title=error.message(g.locale),
    )
    response = make_response(body, error.kind.http)
    response.headers["X-LoyalNest-Error"] = error.kind.code
    return response
