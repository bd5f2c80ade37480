"""The sticky bar: points and rewards at the edge of the window, on every page of the shop.

It opens the same panel as the rewards, and says the same texts.
"""

from webapp.core.i18n import N_

STRINGS = (N_("sticky_bar.schema.name", "Sticky bar"),)
