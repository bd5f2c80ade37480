"""What the whole programme goes by: its time zone and its currency."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import currency_exponent, zone

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Program:
    """The zone in which the programme's days begin, and the currency its spending is counted in."""

    zone: ZoneInfo
    currency: str

    @property
    def exponent(self) -> int:
        """Digits after the decimal point in the programme's currency."""
        return currency_exponent(self.currency)


def program(ctx: Context) -> Program:
    """As the merchant has set it; else, and for the platform, UTC and the currency of the first
    store."""
    found = ctx.db.execute(_PROGRAM, {"merchant_id": ctx.merchant_id}).one_or_none()
    named, currency = found or (None, None)
    return Program(zone(named or "UTC") or UTC, currency or "XXX")


_PROGRAM = text(
    """
    select p.timezone, coalesce(p.currency, (
        select s.currency from stores s where s.merchant_id = m.merchant_id
        order by s.created_at, s.store_id limit 1
    ))
    from merchants m left join program_settings p using (merchant_id)
    where m.merchant_id = :merchant_id
    """
)
