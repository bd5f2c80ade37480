"""Three tiers with one click."""

from decimal import Decimal

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.i18n import N_
from webapp.features.points.domain.starter import starter_thresholds
from webapp.features.points.messages.tiers import NewTier
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.program import program
from webapp.features.points.queries.qualifying import qualifying
from webapp.features.points.service.tier_terms import create_tiers

STARTERS = (
    (N_("tiers.starter.silver", "Silver"), Decimal("1.1")),
    (N_("tiers.starter.gold", "Gold"), Decimal("1.25")),
    (N_("tiers.starter.platinum", "Platinum"), Decimal("1.5")),
)


def create_starter_set(ctx: Context, locale: str) -> tuple[str, ...]:
    """Silver, Gold and Platinum in all languages, at thresholds that about half, a fifth and a
    twentieth of those who have bought reach; the ids. `locale` becomes the default language.

    Raises AppError: tiers_alike, tiers_full.
    """
    policy = stored.policy(ctx)
    values = [found.value for found in qualifying(ctx, policy).values()]
    if policy.basis == "orders":
        thresholds: tuple[int, ...] = (3, 6, 12)
    else:
        unit = 10 ** program(ctx).exponent if policy.basis == "spend" else 1
        thresholds = starter_thresholds(values, unit)
    new = [
        NewTier({tag: i18n.text(tag, *name) for tag in i18n.LOCALES}, locale, threshold, multiplier)
        for (name, multiplier), threshold in zip(STARTERS, thresholds, strict=True)
    ]
    return create_tiers(ctx, new)
