"""What a person sees when something fails: a localised page with a code, never a traceback."""

import logging

from flask import Flask, Response, g, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from webapp.core import i18n
from webapp.core.db import connection_lost
from webapp.core.errors import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, UNAVAILABLE, AppError, Kind

log = logging.getLogger(__name__)

KINDS: dict[int, Kind] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def attach(app: Flask) -> None:
    """Answer every failure of `app` with our own page."""
    app.register_error_handler(AppError, page)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(DBAPIError, of_database)
    app.register_error_handler(Exception, of_surprise)


def page(error: AppError) -> Response:
    """The page of a visible failure, in the language of the request."""
    locale = g.get("locale") or i18n.negotiate(
        request.args.get("locale"), request.headers.get("Accept-Language")
    )
    g.locale = locale
    body = render_template(
        "error.html",
        locale=locale,
        dir=i18n.direction(locale),
        status=error.kind.http,
        title=error.message(locale),
        home="/admin/" if request.path.startswith("/admin/") else None,
        message=i18n.text(locale, "error.code", "Code: %(code)s", code=error.kind.code),
    )
    response = make_response(body, error.kind.http)
    response.headers["X-LoyalNest-Error"] = error.kind.code
    return response


def of_http(error: HTTPException) -> Response:
    """Failures of the framework itself; redirects pass unchanged."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    response = page(AppError(KINDS.get(status, INTERNAL)))
    response.status_code = status
    return response


def of_database(error: DBAPIError) -> Response:
    """The database does not answer: 503. One that refuses a statement is a fault of ours."""
    if not connection_lost(error):
        return of_surprise(error)
    log.error("the database did not answer", exc_info=error)
    return page(AppError(UNAVAILABLE))


def of_surprise(error: Exception) -> Response:
    """Anything else: 500, with the traceback in the log only."""
    log.error("unexpected failure", exc_info=error)
    return page(AppError(INTERNAL))
