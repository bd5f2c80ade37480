"""The merchant's dashboard: the overview made of every feature's panels, and every feature's pages.

Every page works without JavaScript; HTMX refreshes a panel while something is going on in it.
Who is signed in is found by `identity`, the frame around a page is drawn by `shell`.
"""

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
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page, Panel
from webapp.core.errors import NOT_FOUND, SIGN_IN_REQUIRED, AppError
from webapp.entry import failures, identity, parts, shell
from webapp.features.accounts import service as accounts

blueprint = Blueprint("dashboard", __name__, url_prefix="/admin")

OVERVIEW = i18n.N_("dashboard.overview", "Overview")


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
    identity.begin_session(merchant_id, admin.admin_user_id)
    return redirect("/admin/")


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """Forget the session. The cookie is SameSite=Lax, so no other site can send this."""
    session.clear()
    return redirect("/admin/")


@blueprint.get("/")
def overview() -> str:
    """Everything at a glance: one panel a feature."""
    with identity.signed_in() as (ctx, admin):
        panels = [
            {"name": panel.name, "html": panel_html(ctx, feature, panel)}
            for feature, panel in discovery.panels()
            if panel.permission in admin.permissions
        ]
        return shell.render(ctx, admin, "dashboard.html", "", OVERVIEW, panels=panels)


@blueprint.get("/panels/<name>")
def one_panel(name: str) -> AnyResponse | str:
    """One panel alone, for HTMX; without HTMX the overview has it."""
    if not htmx_request.htmx:
        return redirect(shell.address(""))
    with identity.signed_in() as (ctx, _):
        for feature, panel in discovery.panels():
            if panel.name == name:
                ctx.actor.demand(panel.permission)
                return str(panel_html(ctx, feature, panel))
    raise AppError(NOT_FOUND)


@blueprint.get("/<path:path>")
def page(path: str) -> str:
    """A page of a feature."""
    feature, found = page_at(path)
    return show(feature, found, Form(request.args.to_dict(flat=False)))


@blueprint.post("/<path:path>/<action>")
def act(path: str, action: str) -> AnyResponse | str:
    """Take a form of a page; then the page again, or the one the action names.

    A refused form shows its page with the reason and with what was entered.
    """
    feature, found = page_at(path)
    if action not in found.actions:
        raise AppError(NOT_FOUND)
    form = Form(request.form.to_dict(flat=False))
    try:
        with identity.signed_in(readonly=False) as (ctx, _):
            ctx.actor.demand(found.permission)
            identity.check_form(form)
            done = found.actions[action](ctx, form)
    except AppError as error:
        if error.kind.http in (401, 404) or g.get("locale") is None:
            raise
        body = show(feature, found, form, refused=error.message(g.locale))
        return make_response(body, error.kind.http, {"X-LoyalNest-Error": error.kind.code})
    return after(feature, found, done)


def after(feature: str, found: Page, done: Done) -> AnyResponse | str:
    """The answer to a form that was taken."""
    if done.show:
        return show(feature, found, Form({}), notice=done.notice, more=done.show)
    identity.say(done.notice)
    return redirect(shell.address(found.path if done.to is None else done.to), 303)


def page_at(path: str) -> tuple[str, Page]:
    """(feature, page) at a path below /admin/. Raises AppError(not_found)."""
    if path not in discovery.pages():
        raise AppError(NOT_FOUND)
    return discovery.pages()[path]


def show(
    feature: str,
    found: Page,
    form: Form,
    *,
    refused: str = "",
    notice: str = "",
    more: dict[str, Any] | Any = None,
) -> str:
    """The page, rendered in the language of the person."""
    with identity.signed_in() as (ctx, admin):
        ctx.actor.demand(found.permission)
        values = {"form": form, **found.load(ctx, form), **(more or {})}
        return shell.render(
            ctx,
            admin,
            f"{feature}/templates/{found.template}",
            found.path,
            found.title,
            refused=refused,
            notice=notice or identity.take_notice(),
            **values,
        )


def panel_html(ctx: Context, feature: str, panel: Panel) -> Markup:
    """A feature's panel, rendered from the feature's own template."""
    template = f"{feature}/templates/{panel.template}"
    return Markup(render_template(template, **panel.load(ctx), name=panel.name))  # noqa: S704 - our own template, escaped by Jinja


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
