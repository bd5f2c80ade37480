"""Is the process up, and can it do its work?"""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.db import Database
from webapp.entry import parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 as long as the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 when the database answers, else 503. Redis is not asked: we serve without it."""
    answers = database_answers(parts().database)
    status = "ok" if answers else "unavailable"
    return jsonify(status=status, database=answers), 200 if answers else 503


def database_answers(database: Database) -> bool:
    """Whether the database answers a question now."""
    try:
        with database.before_tenant() as db:
            db.execute(text("select 1"))
    except SQLAlchemyError:
        return False
    return True
