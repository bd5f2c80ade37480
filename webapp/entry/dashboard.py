"""The merchant's dashboard: the overview made of every feature's panels, and every feature's pages.

The same pages are at /admin for people who sign in to us, where every page works without
JavaScript, and at /app inside Shopify's admin. Who asks is found by `identity`, the frame around a
page is drawn by `shell`; HTMX refreshes a panel while something is going on in it.
"""

from contextlib import closing
from typing import Any

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from htmx_flask import request as htmx_request  # type: ignore[import-untyped]
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import discovery, i18n
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import NOT_FOUND, SIGN_IN_REQUIRED, AppError
from webapp.entry import embedded, failures, identity, shell
from webapp.entry.panels import panel_html
from webapp.features.accounts import service as accounts

blueprint = Blueprint("dashboard", __name__, url_prefix="/admin")

# Two pictures, with some room.
MAX_FORM_BYTES = 1_500_000

OVERVIEW = i18n.N_("dashboard.overview", "Overview")


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


@blueprint.post("/preferences")
def preferences() -> AnyResponse:
    """Remember a person's language or the store they look at; then the page they came from."""
    form = Form(request.form.to_dict(flat=False))
    with identity.signed_in(readonly=False) as (ctx, admin):
        identity.check_form(form)
        if "locale" in form.names():
            accounts.choose_language(ctx, admin.admin_user_id, form.one("locale"))
            identity.forget_locale()
        if "store" in form.names():
            accounts.choose_store(ctx, admin.admin_user_id, form.one("store"))
    back = form.one("page")
    to = shell.address(back if back in discovery.pages() else "")
    if htmx_request.htmx:
        # Another language changes the whole document, not its body only.
        return make_response("", 204, {"HX-Redirect": embedded.document(to)})
    return redirect(to, 303)


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
    request.max_content_length = MAX_FORM_BYTES
    form = Form(request.form.to_dict(flat=False), files_sent())
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


def files_sent() -> dict[str, bytes]:
    """Name -> content of the files that came with the form."""
    found = {}
    for name, sent in request.files.items():
        with closing(sent):
            found[name] = sent.read()
    return found


def after(feature: str, found: Page, done: Done) -> AnyResponse | str:
    """The answer to a form that was taken."""
    if done.show:
        return show(feature, found, Form({}), notice=done.notice, more=done.show)
    address = shell.address(found.path if done.to is None else done.to)
    return redirect(identity.say(done.notice, address), 303)


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


@blueprint.after_request
def guard(response: Response) -> Response:
    """Dashboard pages belong to one person: nobody else may keep them."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.errorhandler(AppError)
def refused(error: AppError) -> Response:
    """Without a valid session: how to get one. Everything else: the page of the failure."""
    if embedded.asked():
        return embedded.again(error) or failures.page(error)
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
