"""What the demo's merchant has chosen already: rewards, tiers, invitations, and one balance over
both shops.
"""

from collections.abc import Sequence

from webapp.features.points import service as points
from webapp.features.points.queries import tiers as stored_tiers
from webapp.features.points.queries.sharing import read_sharing
from webapp.features.points.service import referral_settings, sharing
from webapp.features.points.service.tier_starter import create_starter_set
from webapp.parts import Parts

LOCALE = "en"


def begin_programme(parts: Parts, merchant_id: str, domains: Sequence[str]) -> None:
    """Begin what has not begun; what the merchant has changed since stays as it is."""
    with parts.database.transaction(merchant_id) as ctx:
        points.begin_catalogue(ctx)
        if not stored_tiers.tiers(ctx):
            create_starter_set(ctx, LOCALE)
        if not referral_settings.has_referral_programme(ctx):
            referral_settings.start_referral_programme(ctx)
        if not read_sharing(ctx).shared_stores:
            for domain in domains:
                sharing.add_store(ctx, domain)
