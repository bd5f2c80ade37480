"""Members who bring their friends: what is given, what was claimed, and what is said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_
from webapp.core.messages import Id

NO_OFFER, PERCENTAGE, AMOUNT, FREE_SHIPPING = "none", "percentage", "amount", "free_shipping"


@dataclass(frozen=True, slots=True)
class ReferralProgramme:
    """What a merchant gives; columns as in ReferralSettings."""

    enabled: bool = False
    advocate_points: int = 0
    friend_points: int = 0
    offer: str = NO_OFFER
    percentage: int | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)
    minimums: Mapping[str, int] = field(default_factory=dict)
    hold_days: int | None = None
    monthly_cap: int | None = None
    review_from: int = 5


# What one click sets up.
STARTER = ReferralProgramme(
    enabled=True,
    advocate_points=250,
    friend_points=0,
    offer=PERCENTAGE,
    percentage=10,
    monthly_cap=10,
    review_from=5,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a friend gets at one store: `percentage`, or `amount_minor` of `currency`, from an order
    of `minimum_minor` on."""

    kind: str
    percentage: int
    amount_minor: int
    minimum_minor: int
    currency: str

    def stored(self) -> Mapping[str, Any]:
        """The columns of a claim's `offer`."""
        return {
            "kind": self.kind,
            "percentage": self.percentage,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
        }


@dataclass(frozen=True, slots=True)
class CreateReferralLink:
    """A member asks for the link by which friends are brought."""

    customer_id: Id


@dataclass(frozen=True, slots=True)
class ReferralLinkCreated:
    """The code of the member's link, new or as it was."""

    code: str


@dataclass(frozen=True, slots=True)
class ClaimReferral:
    """A friend takes the offer of a link: a signed-in customer of the store, or a guest who gives
    an e-mail address."""

    code: Annotated[str, Field(min_length=1, max_length=40)]
    store_id: Id
    customer_id: Id | None = None
    external_id: Id | None = None
    email: Annotated[str, Field(max_length=320)] | None = None


@dataclass(frozen=True, slots=True)
class ReferralClaimed:
    """What became of it. `state` is claimed, review or refused, `reason` why it was refused,
    `message` says it in the shopper's language. `claim_id` leads a guest back to the code;
    `discount_state` is none, wanted, made or failed."""

    state: str
    message: str
    reason: str | None = None
    claim_id: str | None = None
    discount_code: str | None = None
    discount_state: str = "none"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A member's own link as the rewards panel shows it. Without a `code` there is none yet;
    `friends` have ordered, `points` were earned by them, `pending` waits for the end of a hold."""

    code: str | None
    address: str
    friends: int
    points: int
    pending: int
    advocate_points: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Landing:
    """What the page behind a link shows; `state` is unknown, off, own, open, claimed, review, or
    failed when no discount code could be made."""

    state: str
    code: str = ""
    claim_id: str = ""
    offer: Offer | None = None
    friend_points: int = 0
    discount_code: str = ""
    discount_state: str = "none"
    signed_in: bool = False
    address: str = ""


# What a shopper reads when a claim is refused. Guests give an address without proof that it is
# theirs, so what our data say of it is never told: `not_new` stands for all of that.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "unknown_code": N_("referrals.refused.unknown_code", "This invitation does not exist."),
    "off": N_("referrals.refused.off", "Invitations are paused in this shop at the moment."),
    "self": N_("referrals.refused.self", "This is your own invitation. Send it to a friend!"),
    "existing_customer": N_(
        "referrals.refused.existing_customer",
        "You have ordered here before. Invitations are for new customers only.",
    ),
    "already_claimed": N_(
        "referrals.refused.already_claimed",
        "You have accepted an invitation before. That works once only.",
    ),
    "too_many": N_(
        "referrals.refused.too_many",
        "This invitation was tried too often today. Please come back tomorrow.",
    ),
    "not_new": N_(
        "referrals.refused.not_new",
        "This offer is for people who are new here, and works once only.",
    ),
}
CLAIMED = N_("referrals.claimed", "Welcome! The invitation is yours.")
IN_REVIEW = N_(
    "referrals.in_review",
    "Thank you! The shop looks at this invitation first. Please come back to this page later.",
)


@dataclass(frozen=True, slots=True)
class FriendCode:
    """A discount code on its way to a shop, for one use; `customer` binds it to one of the shop's.
    Amounts are decimals in the shop's currency; neither `amount` nor `percent` is free shipping."""

    claim_id: str
    store_id: str
    shop_domain: str
    access_token: str
    code: str
    customer: str | None
    percent: int | None
    amount: str | None
    minimum: str | None
    starts_at: str

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


NOTIFICATIONS = (
    Notification(
        name="referral_ordered",
        topic="points.referral_ordered",
        audience="shopper",
        title=N_("notification.referral_ordered", "A friend has ordered"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.referral_ordered.subject", "Your friend has ordered at %(shop)s")
        ),
        body=(
            Wording(
                N_(
                    "notification.referral_ordered.pending",
                    "Thank you for the invitation! %(num)s point is on its way to you.",
                    "Thank you for the invitation! %(num)s points are on their way to you.",
                ),
                "points",
            ),
            Wording(
                N_(
                    "notification.referral_ordered.when",
                    "You get the points when the time for returns is over.",
                )
            ),
        ),
        short=Wording(
            N_(
                "notification.referral_ordered.short",
                "%(shop)s: your friend has ordered. %(num)s point is on its way.",
                "%(shop)s: your friend has ordered. %(num)s points are on their way.",
            ),
            "points",
        ),
        facts={"points": 250},
        metric="Referred Friend",
    ),
    Notification(
        name="referral_rewarded",
        topic="points.referral_rewarded",
        audience="shopper",
        title=N_("notification.referral_rewarded", "Reward for a friend"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_(
                "notification.referral_rewarded.subject",
                "%(num)s point for your friend at %(shop)s",
                "%(num)s points for your friend at %(shop)s",
            ),
            "points",
        ),
        body=(
            Wording(
                N_(
                    "notification.referral_rewarded.granted",
                    "Your friend stays, and you earned %(num)s point. Thank you!",
                    "Your friend stays, and you earned %(num)s points. Thank you!",
                ),
                "points",
            ),
        ),
        short=Wording(
            N_(
                "notification.referral_rewarded.short",
                "%(shop)s: %(num)s point for your friend. Thank you!",
                "%(shop)s: %(num)s points for your friend. Thank you!",
            ),
            "points",
        ),
        facts={"points": 250},
        metric="Earned Referral Reward",
    ),
)
