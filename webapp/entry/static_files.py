"""Our own static files, and the few of others that set-up installs (never committed)."""

from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

ROOT = Path(__file__).parents[2]
VENDOR = {
    "chart.js": ROOT / "node_modules/chart.js/dist/chart.umd.min.js",
    "htmx.js": ROOT / "node_modules/htmx.org/dist/htmx.min.js",
}
LIFE_SECONDS = 3_600

blueprint = Blueprint("static_files", __name__)


@blueprint.get("/static/<path:name>")
def static(name: str) -> Response:
    """A file of ours."""
    return send_from_directory(ROOT / "static", name, max_age=LIFE_SECONDS)


@blueprint.get("/static/vendor/<name>")
def vendor(name: str) -> Response:
    """An installed library."""
    if name not in VENDOR:
        abort(404)
    return file_at(VENDOR[name])


def file_at(path: Path) -> Response:
    """One file that is known by its path."""
    return send_from_directory(path.parent, path.name, max_age=LIFE_SECONDS)
