"""What a merchant wants said, and when."""

from sqlalchemy.dialects.postgresql import insert

from webapp.core.context import Context
from webapp.features.notifications.messages import Settings
from webapp.features.notifications.models import NotificationSettings


def read_settings(ctx: Context) -> Settings:
    """The merchant's settings, or the defaults."""
    row = ctx.db.get(NotificationSettings, ctx.merchant_id)
    if row is None:
        return Settings()
    return Settings(row.quiet_from, row.quiet_until, row.quiet_email, frozenset(row.switched_off))


def save_settings(ctx: Context, wanted: Settings) -> None:
    """Replace the merchant's settings. What is waiting is judged by them when it is due."""
    values = {
        "quiet_from": wanted.quiet_from,
        "quiet_until": wanted.quiet_until,
        "quiet_email": wanted.quiet_email,
        "switched_off": sorted(wanted.switched_off),
        "updated_at": ctx.wall,
    }
    row = insert(NotificationSettings).values(merchant_id=ctx.merchant_id, **values)
    ctx.db.execute(row.on_conflict_do_update(index_elements=["merchant_id"], set_=values))
    ctx.audit(
        "notification_settings_saved",
        quiet_from=f"{wanted.quiet_from:%H:%M}",
        quiet_until=f"{wanted.quiet_until:%H:%M}",
        quiet_email=wanted.quiet_email,
        switched_off=values["switched_off"],
    )
