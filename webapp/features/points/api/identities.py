"""What shoppers may say of themselves."""

from webapp.core.contract import UseCase
from webapp.core.errors import INVALID_VALUE
from webapp.core.i18n import N_
from webapp.features.points.messages.failures import BIRTHDAY_SET
from webapp.features.points.messages.identities import (
    BirthdaySet,
    LinkingSet,
    SetBirthday,
    SetLinking,
)
from webapp.features.points.service import bonuses, consent

USE_CASES = (
    UseCase(
        name="set_linking",
        permission="customer:frontend",
        proxy="linking",
        message=SetLinking,
        result=LinkingSet,
        run=consent.set_linking,
        said=N_("rewards.said.linking", "Done. That is how it is kept."),
        summary="Say whether one is one member over all stores",
        detail="With yes the customer is linked at once with who they are in the other stores that "
        "share, by a verified address; with no they are parted and never linked by itself.",
    ),
    UseCase(
        name="set_birthday",
        permission="customer:frontend",
        proxy="birthday",
        message=SetBirthday,
        result=BirthdaySet,
        run=bonuses.set_birthday,
        said=N_("rewards.said.birthday", "Thank you. We shall think of it."),
        summary="Name the day and month of one's birthday",
        detail="Once a year. The points of the rules then come on that day in the store's zone.",
        errors=(BIRTHDAY_SET, INVALID_VALUE),
    ),
)
