"""The operators' pages: our own staff, who look at merchants and can change nothing of theirs.

An operator signs in by a one-time link. Which merchants there are is told by a question of
`core.routing` that wants an open session and notes who asked; a merchant's figures are read in a
transaction that cannot write, after a row of the merchant's own audit log has been committed.
The keys of the platform's services are kept by the role "platform".
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, g, make_response, render_template, request, session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import discovery, i18n, routing
from webapp.core.contract import Form, Page
from webapp.core.errors import (
    NOT_FOUND,
    PERMISSION_DENIED,
    SIGN_IN_LINK_INVALID,
    SIGN_IN_REQUIRED,
    AppError,
)
from webapp.core.inbox import PLATFORM
from webapp.core.routing import Operator
from webapp.core.tenancy import OPERATOR_PERMISSIONS, PLATFORM_ROLE, Actor
from webapp.entry import failures, identity, parts, shell
from webapp.entry.panels import panel_html
from webapp.features.accounts import service as accounts

blueprint = Blueprint("ops", __name__, url_prefix="/ops")

IDLE = timedelta(hours=1)
TITLE = i18n.N_("ops.title", "Operators")
MERCHANTS = i18n.N_("ops.merchants", "Merchants")
CONNECTIONS = "connections"


@blueprint.get("/sign-in")
def sign_in() -> AnyResponse:
    """Use a one-time link up and open a session."""
    if request.method == "HEAD":
        abort(405)
    token, opened = request.args.get("token", ""), secrets.token_urlsafe(32)
    with parts().database.before_tenant() as db:
        wall = parts().clock.wall()
        if not routing.operator_sign_in(db, hashed(token), hashed(opened), wall):
            raise AppError(SIGN_IN_LINK_INVALID)
    identity.begin_operator_session(opened)
    return redirect("/ops/")


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    token = str(session.get("operator", ""))
    session.clear()
    with parts().database.before_tenant() as db:
        routing.operator_sign_out(db, hashed(token), parts().clock.wall())
    return redirect("/ops/")


@blueprint.get("/")
def merchants() -> str:
    """Whom there is to look at; the database notes that it was asked."""
    operator, wanted = operator_now(), request.args.get("q", "").strip()[:100]
    with parts().database.before_tenant() as db:
        wall, token = parts().clock.wall(), hashed(str(session["operator"]))
        found = routing.operator_merchants(db, token, wall, IDLE, wanted.replace("\0", ""))
    return render(operator, "ops_merchants.html", "", MERCHANTS, found=found, wanted=wanted)


@blueprint.get("/merchants/<merchant_id>")
def merchant(merchant_id: str) -> str:
    """What a merchant sees at a glance."""
    operator = operator_now()
    reader = begin_reading(operator, merchant_id, "overview")
    with parts().database.transaction(merchant_id, reader, g.locale, readonly=True) as ctx:
        panels = [
            {"name": panel.name, "html": panel_html(ctx, feature, panel)}
            for feature, panel in discovery.panels()
            if panel.permission in reader.permissions
        ]
        name, stores = accounts.merchant_name(ctx), shell.stores(ctx)
    return render(
        operator, "ops_merchant.html", None, ("", name), panels=panels, their_stores=stores
    )


@blueprint.get("/merchants/<merchant_id>/panels/<name>")
def one_panel(merchant_id: str, name: str) -> str:
    """One panel alone, for HTMX."""
    reader = begin_reading(operator_now(), merchant_id, name)
    with parts().database.transaction(merchant_id, reader, g.locale, readonly=True) as ctx:
        for feature, panel in discovery.panels():
            if panel.name == name:
                reader.demand(panel.permission)
                return str(panel_html(ctx, feature, panel))
    raise AppError(NOT_FOUND)


@blueprint.get("/connections")
def connections() -> str:
    """The keys of the platform's own services."""
    return connections_page(keeper(), Form({}))


@blueprint.post("/connections/<action>")
def connect(action: str) -> AnyResponse | str:
    """Take a form of that page."""
    operator, (_, page) = keeper(), connections_of()
    if action not in page.actions:
        raise AppError(NOT_FOUND)
    form = Form(request.form.to_dict(flat=False))
    identity.check_form(form)
    actor = Actor("operator", operator.operator_id, frozenset({page.permission}))
    try:
        with parts().database.transaction(PLATFORM, actor, g.locale) as ctx:
            done = page.actions[action](ctx, form)
    except AppError as error:
        body = connections_page(operator, form, refused=error.message(g.locale))
        return make_response(body, error.kind.http, {"X-LoyalNest-Error": error.kind.code})
    return redirect(identity.say(done.notice, shell.address(CONNECTIONS)), 303)


def connections_page(operator: Operator, form: Form, **values: Any) -> str:
    """The page of connections, for the platform instead of a merchant."""
    feature, page = connections_of()
    with parts().database.transaction(PLATFORM, locale=g.locale, readonly=True) as ctx:
        loaded: Mapping[str, Any] = {"form": form, **page.load(ctx, form)}
        template = f"{feature}/templates/{page.template}"
        return render(operator, template, CONNECTIONS, page.title, **{**loaded, **values})


def connections_of() -> tuple[str, Page]:
    """(feature, page) of the connections, as merchants have it."""
    return discovery.pages()[CONNECTIONS]


def operator_now() -> Operator:
    """Who asks. Raises AppError(sign_in_required)."""
    g.ops_prefix = "/ops"
    g.locale = i18n.negotiate(request.args.get("locale"), request.headers.get("Accept-Language"))
    token = str(session.get("operator", ""))
    with parts().database.before_tenant() as db:
        found = routing.operator_of_session(db, hashed(token), parts().clock.wall(), IDLE)
    if found is None:
        raise AppError(SIGN_IN_REQUIRED)
    return found


def keeper() -> Operator:
    """Who asks, if they keep the keys of the platform. Raises AppError."""
    operator = operator_now()
    if operator.role != PLATFORM_ROLE:
        raise AppError(PERMISSION_DENIED, permission=PLATFORM_ROLE)
    return operator


def begin_reading(operator: Operator, merchant_id: str, subject: str) -> Actor:
    """Note in the merchant's audit log that this operator reads `subject`, before anything is read;
    who they are there. Raises AppError(not_found) for a merchant that is not there."""
    reader = Actor("operator", operator.operator_id, OPERATOR_PERMISSIONS[operator.role])
    if not reader.permissions:
        raise AppError(PERMISSION_DENIED, permission="admin:analytics")
    with parts().database.transaction(merchant_id, reader) as ctx:
        if not accounts.merchant_name(ctx):
            raise AppError(NOT_FOUND)
        ctx.audit("operator_read", subject=subject, role=operator.role)
    g.ops_prefix = f"/ops/merchants/{merchant_id}"
    return reader


def render(
    operator: Operator, template: str, path: str | None, title: tuple[str, str], **values: Any
) -> str:
    """A page of the operators; a title without a key is shown as it is."""
    locale = g.locale
    links = [("", MERCHANTS)]
    if operator.role == PLATFORM_ROLE:
        links.append((CONNECTIONS, connections_of()[1].title))
    nav = [
        {"href": f"/ops/{to}", "label": i18n.text(locale, *label), "current": to == path}
        for to, label in links
    ]
    return render_template(
        template,
        **{
            "locale": locale,
            "dir": i18n.direction(locale),
            "operator": True,
            "merchant_name": i18n.text(locale, *TITLE),
            "now": parts().clock.now(),
            "title": i18n.text(locale, *title) if title[0] else title[1],
            "nav": [{"name": "", "links": nav}],
            "admin_name": operator.name,
            "notice": identity.take_notice(),
            **values,
        },
    )


@blueprint.after_request
def guard(response: Response) -> Response:
    """These pages belong to one person: nobody else may keep them."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.errorhandler(AppError)
def refused(error: AppError) -> Response:
    """Every failure is a page with its code."""
    return failures.page(error)


def hashed(token: str) -> bytes:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
