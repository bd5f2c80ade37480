"""What other features ask of the programme; see `core.programme`."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.programme import Named, Priced
from webapp.features.points.queries import rewards as stored
from webapp.features.points.queries import tiers as ladder
from webapp.features.points.service.referral_settings import read_referral_programme
from webapp.features.points.service.referrals import code_of, make_code


class PointsProgramme:
    """The answers."""

    def tiers(self, ctx: Context) -> Sequence[Named]:
        return [Named(one.tier_id, one.names, one.default_locale) for one in ladder.tiers(ctx)]

    def rewards(self, ctx: Context, store_id: str) -> Sequence[Priced]:
        found = [
            Priced(row.reward_id, row.names, row.default_locale, row.points)
            for row in stored.offered_rows(ctx, store_id)
            if row.stock != 0
        ]
        return sorted(found, key=lambda one: (one.points, one.id))

    def referral_code(self, ctx: Context, member: str) -> str | None:
        code = code_of(ctx, member)
        if code is None and read_referral_programme(ctx).enabled:
            code = make_code(ctx, member)
        return code


PROGRAMME = PointsProgramme()
