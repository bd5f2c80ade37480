"""Rewards on the storefront: what can be had for points, and the codes that were.

`STRINGS` are the texts of block.liquid that fragment.html does not have.
"""

from webapp.core.i18n import N_

STRINGS = (
    N_("rewards_panel.heading", "Rewards"),
    N_("rewards_panel.points", "%(num)s point to spend", "%(num)s points to spend"),
    N_("rewards_panel.teaser", "Collect points with every order and choose what you get for them."),
    N_("rewards_panel.more", "Choose a reward"),
    N_("rewards_panel.guest_more", "See the rewards"),
    N_("rewards_panel.schema.name", "Rewards"),
)
