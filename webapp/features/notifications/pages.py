"""The Messages page, and what happened lately on the overview."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import time
from typing import Any

from webapp.core import discovery, i18n
from webapp.core.connections import credentials, service_name
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Notification, Page, Panel
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.features.notifications import queries, service
from webapp.features.notifications.domain.channels import DASHBOARD, EMAIL, SERVICES, SMS
from webapp.features.notifications.messages import Recent, Settings

CHANNELS = {
    EMAIL: N_("notifications.channel.email", "E-mail"),
    SMS: N_("notifications.channel.sms", "SMS"),
    DASHBOARD: N_("notifications.channel.dashboard", "Dashboard"),
}
KINDS = {
    "transactional": N_("notifications.kind.transactional", "Service message"),
    "marketing": N_("notifications.kind.marketing", "Advertising"),
}
REASONS = {
    "no_address": N_("notifications.reason.no_address", "No address is known"),
    "no_consent": N_("notifications.reason.no_consent", "The shopper has not agreed"),
    "unsubscribed": N_("notifications.reason.unsubscribed", "The shopper has unsubscribed"),
    "not_connected": N_("notifications.reason.not_connected", "The connection is gone"),
    "switched_off": N_("notifications.reason.switched_off", "Switched off meanwhile"),
}
QUIET_FIELDS = {
    "quiet_from": N_("notifications.quiet.from", "From"),
    "quiet_until": N_("notifications.quiet.until", "Until"),
}
SAVED = N_("notifications.saved", "Saved.")
NOTICES_SHOWN, RECENT_SHOWN = 5, 50


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    settings, known = service.read_settings(ctx), discovery.notifications().values()
    real, language = form.one("values") == "real", form.one("language", ctx.locale)
    return {
        "channels": [
            {
                "name": channel,
                "brand": service_name(of),
                "connected": credentials(ctx, of) is not None,
            }
            for channel, of in SERVICES.items()
        ],
        "channel_names": {name: i18n.text(ctx.locale, *said) for name, said in CHANNELS.items()},
        "shopper_messages": [row(ctx, s, settings) for s in known if s.audience == "shopper"],
        "merchant_messages": [row(ctx, s, settings) for s in known if s.audience == "merchant"],
        "settings": settings,
        "preview": service.preview(ctx, form.one("message"), language, real=real),
        "wants_real": real,
        "titles": {said.name: i18n.text(ctx.locale, *said.title) for said in known},
        "connections_page": "connections" in discovery.pages(),
        "recent": [in_words(ctx, one) for one in queries.recent(ctx, RECENT_SHOWN)],
    }


def row(ctx: Context, said: Notification, settings: Settings) -> Mapping[str, Any]:
    """One message of the catalogue with its switches."""
    return {
        "name": said.name,
        "title": i18n.text(ctx.locale, *said.title),
        "kind": i18n.text(ctx.locale, *KINDS[said.kind]),
        "on": {channel: settings.wants(said.name, channel) for channel in said.channels},
    }


def in_words(ctx: Context, one: Recent) -> Mapping[str, Any]:
    """One message of the last ones; a receiver's own reason is shown as it came."""
    reason = REASONS.get(one.reason or "")
    return {
        **asdict(one),
        "reason": i18n.text(ctx.locale, *reason) if reason else one.reason,
        "language": i18n.native_name(one.locale),
    }


def switch(ctx: Context, form: Form) -> Done:
    """Keep exactly the ticked pairs of message and channel switched on."""
    on = set(form.all("on"))
    pairs = {f"{s.name}:{c}" for s in discovery.notifications().values() for c in s.channels}
    settings = replace(service.read_settings(ctx), switched_off=frozenset(pairs - on))
    service.save_settings(ctx, settings)
    return Done(i18n.text(ctx.locale, *SAVED))


def quiet(ctx: Context, form: Form) -> Done:
    """Set the quiet hours; the same time twice means none."""
    settings = replace(
        service.read_settings(ctx),
        quiet_from=clock_time(ctx, form, "quiet_from"),
        quiet_until=clock_time(ctx, form, "quiet_until"),
        quiet_email=form.one("quiet_email") == "yes",
    )
    service.save_settings(ctx, settings)
    return Done(i18n.text(ctx.locale, *SAVED))


def clock_time(ctx: Context, form: Form, name: str) -> time:
    """A field's time of day, to the minute. Raises AppError(invalid_value)."""
    said = form.one(name)
    try:
        found = time.fromisoformat(said)
    except ValueError:
        found = time(0, 0, 1)
    if found != found.replace(second=0, microsecond=0, tzinfo=None):
        raise AppError(INVALID_VALUE, field=i18n.text(ctx.locale, *QUIET_FIELDS[name]), value=said)
    return found


def dismiss(ctx: Context, form: Form) -> Done:
    """Take notices off the overview, and go back there."""
    service.dismiss_notices(ctx, form.all("notice"))
    return Done(to="")


def load_notices(ctx: Context) -> Mapping[str, Any]:
    notices, more = service.open_notices(ctx, NOTICES_SHOWN)
    return {"notices": notices, "more": more}


PANELS = (Panel("notices", 5, "admin:settings", load_notices, "notices_panel.html"),)
PAGES = (
    Page(
        path="messages",
        title=N_("notifications.title", "Messages"),
        order=40,
        group="programme",
        permission="admin:settings",
        load=load,
        template="messages.html",
        actions={"switch": switch, "quiet": quiet, "dismiss": dismiss},
    ),
)
