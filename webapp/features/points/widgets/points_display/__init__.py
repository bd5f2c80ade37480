"""The balance on the storefront: first painted by Liquid, history and next steps on request.

`STRINGS` are the texts of block.liquid that fragment.html does not have.
"""

from webapp.core.i18n import N_

STRINGS = (
    N_("points_display.heading", "Your points"),
    N_("points_display.points", "%(num)s point", "%(num)s points"),
    N_("points_display.guest_heading", "Earn points with every order"),
    N_(
        "points_display.teaser",
        "Sign in or create an account to collect points and see your balance.",
    ),
    N_("points_display.more", "History and next steps"),
    N_("points_display.guest_more", "How it works"),
    N_("points_display.account", "Go to your account"),
    N_("points_display.schema.name", "Points balance"),
    N_("points_display.schema.account", "Show a link to the account"),
)
