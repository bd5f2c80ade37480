"""What the whole programme goes by: its time zone and its currency."""

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.messages import shown
from webapp.core.words import currency_exponent, zone
from webapp.features.points.queries.program import program
from webapp.features.points.queries.rule_effects import shops
from webapp.features.points.queries.tiers import has_tiers, policy
from webapp.features.points.service.tier_terms import judge_everybody

PROGRAM_CHANGED = "program_settings_changed"


def save_program(ctx: Context, timezone: str, currency: str) -> None:
    """Where days, years and cycles begin from now on, and in which of the stores' currencies
    spending is counted. Thresholds of tiers keep their figures: 500 of one currency become 500 of
    the other. All members are then put into their tiers anew.

    Raises AppError(invalid_value) with the name of the field.
    """
    if zone(timezone) is None:
        raise AppError(INVALID_VALUE, field="timezone", value=shown("timezone", timezone) or "-")
    if currency not in {shop.currency for shop in shops(ctx)}:
        raise AppError(INVALID_VALUE, field="currency", value=shown("currency", currency) or "-")
    before = program(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "timezone": timezone,
        "currency": currency,
        "wall": ctx.wall,
    }
    ctx.db.execute(_SAVE, values)
    ctx.audit(PROGRAM_CHANGED, timezone=timezone, currency=currency)
    if has_tiers(ctx):
        shift = currency_exponent(currency) - before.exponent
        if policy(ctx).basis == "spend" and shift:
            ctx.db.execute(_RESTATE, {**values, "shift": shift})
        judge_everybody(ctx)


_SAVE = text(
    """
    insert into program_settings (merchant_id, timezone, currency, updated_at)
    values (:merchant_id, :timezone, :currency, :wall)
    on conflict (merchant_id) do update
    set timezone = excluded.timezone, currency = excluded.currency,
        updated_at = excluded.updated_at
    """
)
# What would be less than the smallest unit goes up to one, and no two tiers come to begin alike.
_RESTATE = text(
    """
    with restated as (
        select tier_id, ceil(threshold * power(10::numeric, :shift))::bigint as threshold,
               row_number() over (order by threshold) as place
        from vip_tiers where merchant_id = :merchant_id
    )
    update vip_tiers t
    set threshold = r.threshold + (
        select count(*) from restated lower
        where lower.threshold = r.threshold and lower.place < r.place
    )
    from restated r
    where t.merchant_id = :merchant_id and t.tier_id = r.tier_id
    """
)
