"""Tiers as a merchant writes them, and what members hear of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_


@dataclass(frozen=True, slots=True)
class TierTerms:
    """What one tier asks and gives: `threshold` in minor units of the programme's currency, in
    points, or a number of orders; `multiplier` of the rate of points, with at most three
    decimals."""

    tier_id: str
    threshold: int
    multiplier: Decimal


@dataclass(frozen=True, slots=True)
class NewTier:
    """A tier to be added; `names` in any of the 22 languages, at least in `default_locale`."""

    names: Mapping[str, str]
    default_locale: str
    threshold: int
    multiplier: Decimal


NOTIFICATIONS = (
    Notification(
        name="tier_raised",
        topic="points.tier_raised",
        audience="shopper",
        title=N_("notification.tier_raised", "Tier reached"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.tier_raised.subject", "You have reached %(tier)s at %(shop)s")
        ),
        body=(
            Wording(
                N_(
                    "notification.tier_raised.reached",
                    "Thank you for coming back. Your tier is now %(tier)s.",
                )
            ),
        ),
        short=Wording(N_("notification.tier_raised.short", "%(shop)s: your tier is now %(tier)s.")),
        facts={"tier": "Gold"},
        metric="Reached Tier",
        profile={"tier": "tier"},
    ),
    Notification(
        name="tier_lowered",
        topic="points.tier_lowered",
        audience="shopper",
        title=N_("notification.tier_lowered", "Tier ended"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.tier_lowered.subject", "Your tier %(was)s at %(shop)s has ended")
        ),
        body=(
            Wording(N_("notification.tier_lowered.ended", "Your tier %(was)s has ended.")),
            Wording(
                N_(
                    "notification.tier_lowered.again",
                    "Everything you buy counts towards reaching it again.",
                )
            ),
        ),
        short=Wording(
            N_("notification.tier_lowered.short", "%(shop)s: your tier %(was)s has ended.")
        ),
        facts={"was": "Gold", "tier": "Silver"},
        metric="Left Tier",
        profile={"tier": "tier"},
    ),
)
