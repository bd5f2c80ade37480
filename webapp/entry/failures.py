"""What somebody gets when something fails, never a traceback: people a localised page with a code,
programs (below /v1) the envelope."""

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from webapp.core import i18n
from webapp.core.errors import (
    BODY_TOO_LARGE,
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    AppError,
    Kind,
)
from webapp.entry import calls, rest

KINDS: dict[int, Kind] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: BODY_TOO_LARGE}


def attach(app: Flask) -> None:
    """Answer every failure of `app` with our own page."""
    app.register_error_handler(AppError, page)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_surprise)


def page(error: AppError) -> Response:
    """The answer to a visible failure, in the language of the request."""
    locale = g.get("locale") or i18n.negotiate(
        request.args.get("locale"), request.headers.get("Accept-Language")
    )
    g.locale = locale
    if f"{request.path}/".startswith(rest.PREFIX):
        return rest.refusal(error, locale)
    body = render_template(
        "error.html",
        locale=locale,
        dir=i18n.direction(locale),
        status=error.kind.http,
        title=error.message(locale),
        home=home(),
        message=i18n.text(locale, "error.code", "Code: %(code)s", code=error.kind.code),
    )
    response = make_response(body, error.kind.http)
    response.headers["X-LoyalNest-Error"] = error.kind.code
    return response


def home() -> str | None:
    """Where the dashboard begins for whoever asked for one of its pages."""
    return next((h for h in ("/admin/", "/app/", "/ops/") if request.path.startswith(h)), None)


def of_http(error: HTTPException) -> Response:
    """Failures of the framework itself; redirects pass unchanged."""
    status, own = error.code or 500, error.get_response()
    if status < 400:
        return make_response(own)
    response = page(AppError(KINDS.get(status, INTERNAL)))
    response.status_code = status
    if "Allow" in own.headers:
        response.headers["Allow"] = own.headers["Allow"]
    return response


def of_surprise(error: Exception) -> Response:
    """Anything else: 503 when the database does not answer, else 500, with the traceback in the
    log only."""
    return page(calls.visible(error))
