"""Renders fragment.html with the filters the web gives it, without the web."""

from datetime import date, timedelta
from typing import Any

from jinja2 import Environment, FileSystemLoader

from tests.widgets.storefront import ROOT
from webapp.core import i18n
from webapp.features.points.service.receipt_words import Explained

WIDGET = ROOT / "webapp" / "features" / "points" / "widgets" / "points_display"
ENTRIES = [
    Explained(9 - n, date(2026, 3, 9) - timedelta(days=9 * n), "Order", points, ("1 < 2", "So"))
    for n, points in enumerate((1250, -200, 80, 5, -1))
]


def fragment(tag: str, **values: Any) -> str:
    """The fragment of a member with the given values; `member=False` for a guest."""
    environment = Environment(
        loader=FileSystemLoader(WIDGET), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    catalog = i18n.catalog(tag)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalog.gettext,
        catalog.ngettext,
        newstyle=True,
        pgettext=catalog.pgettext,
        npgettext=catalog.npgettext,
    )
    environment.filters["number"] = lambda n: i18n.number(tag, n)
    environment.filters["day"] = lambda day: i18n.day(tag, day)
    known = {"member": True, "balance": 1134, "entries": ENTRIES, "steps": [], **values}
    template = environment.get_template("fragment.html")
    return template.render(
        locale=tag, dir=i18n.direction(tag), path_prefix="/apps/loyalnest", **known
    )
