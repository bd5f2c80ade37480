"""What linking members and giving them bonuses can fail with."""

from webapp.core.errors import Kind
from webapp.core.i18n import N_

MEMBERS_ALREADY_ONE = Kind(
    "members_already_one",
    409,
    "FAILED_PRECONDITION",
    *N_("error.members_already_one", "These two are one member already."),
)
LINK_NOT_FOUND = Kind(
    "link_not_found",
    404,
    "NOT_FOUND",
    *N_("error.link_not_found", "There is no such link between members."),
)
LINK_ENDED = Kind(
    "link_ended",
    409,
    "FAILED_PRECONDITION",
    *N_("error.link_ended", "This link is undone already, or was made in Shopify."),
)
NOTHING_TO_UNDO = Kind(
    "nothing_to_undo",
    409,
    "FAILED_PRECONDITION",
    *N_("error.nothing_to_undo", "There is no change left to undo, or a newer one was made."),
)
BIRTHDAY_SET = Kind(
    "birthday_set",
    409,
    "FAILED_PRECONDITION",
    *N_("error.birthday_set", "A birthday can be changed once a year."),
)
