"""The sticky bar: what the rewards panel shows, at hand everywhere."""

from webapp.core.contract import Widget
from webapp.core.i18n import N_
from webapp.features.points.widgets.rewards_panel.widget import load, tags

WIDGET = Widget(load, N_("sticky_bar.schema.name", "Sticky bar"), tags)
