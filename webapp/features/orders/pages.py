"""The orders part of the dashboard's overview: totals, and the state of imports."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core.context import Context
from webapp.core.contract import Panel
from webapp.features.orders import queries

SIMULATED = "simulated"


def load(ctx: Context) -> Mapping[str, Any]:
    imports = queries.latest_imports(ctx)
    return {
        **asdict(queries.totals(ctx)),
        "imports": [{**asdict(i), "simulated": i.label == SIMULATED} for i in imports],
    }


PANELS = (Panel("imports", 10, "admin:points", load, "imports_panel.html"),)
