"""The page of service keys: who may call us, with which permissions, and until when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.messages import CreateServiceKey, KeyShown

PATH = "keys"
PERMISSIONS = {
    "admin:points": N_("permission.points", "Points"),
    "admin:analytics": N_("permission.analytics", "Scores and forecasts"),
    "admin:referrals": N_("permission.referrals", "Referrals"),
    "admin:gamification": N_("permission.gamification", "Badges, streaks and teams"),
    "admin:frontend": N_("permission.frontend", "Storefront widgets"),
    "admin:community": N_("permission.community", "Slack community"),
    "admin:settings": N_("permission.settings", "Settings"),
    "customer:frontend": N_("permission.customers", "On behalf of customers"),
}
STATES = {
    "valid": ("good", N_("keys.state.valid", "Valid")),
    "expired": ("plain", N_("keys.state.expired", "Expired")),
    "revoked": ("bad", N_("keys.state.revoked", "Revoked")),
}
NAME = N_("keys.name", "What it is for")
ALLOWED = N_("keys.permissions", "Permissions")
AT_ONCE = N_("keys.at_once", "At once")
MADE = N_("keys.made", "The key is made. Copy it now: it is shown only this once.")
REVOKED = N_("keys.was_revoked", "The key is revoked.")
# How long a key may live, in days, and how long a replaced one still works, in hours.
LIVES = (30, 90, 180, 365)
USUAL_LIFE = 90
OVERLAPS = (24, 1, 168, 0)


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    ticked = form.all("permissions")
    return {
        "keys": [shown(ctx.locale, key) for key in service.list_service_keys(ctx)],
        "permissions": [
            (name, i18n.text(ctx.locale, *words), name in ticked)
            for name, words in PERMISSIONS.items()
        ],
        "name_label": i18n.text(ctx.locale, *NAME),
        "permissions_label": i18n.text(ctx.locale, *ALLOWED),
        "lives": [(str(days), i18n.span(ctx.locale, days * 86_400)) for days in LIVES],
        "overlaps": [(str(hours), overlap(ctx.locale, hours)) for hours in OVERLAPS],
        "usual_life": str(USUAL_LIFE),
    }


def shown(locale: str, key: KeyShown) -> dict[str, Any]:
    """A line of the list."""
    pill, state = STATES[key.state]
    known = [
        i18n.text(locale, *PERMISSIONS[name]) for name in PERMISSIONS if name in key.permissions
    ]
    return {
        "key": key,
        "pill": pill,
        "state": i18n.text(locale, *state),
        "permissions": known,
    }


def overlap(locale: str, hours: int) -> str:
    """How long a replaced key still works, in words."""
    return i18n.span(locale, hours * 3_600) if hours else i18n.text(locale, *AT_ONCE)


def create(ctx: Context, form: Form) -> Done:
    """Make a key; it is on this one answer only."""
    permissions, name = frozenset(form.all("permissions")), form.one("name")
    for given, label in ((name, NAME), (permissions, ALLOWED)):
        if not given:
            raise AppError(FIELD_REQUIRED, field=i18n.text(ctx.locale, *label))
    ends = ctx.wall + timedelta(days=chosen(form, "days", LIVES))
    key = service.create_service_key(ctx, CreateServiceKey(permissions, ends, name))
    return Done(i18n.text(ctx.locale, *MADE), show={"new_key": key})


def rotate(ctx: Context, form: Form) -> Done:
    """A new key in place of an old one."""
    lives = timedelta(hours=chosen(form, "hours", OVERLAPS))
    key = service.rotate_service_key(ctx, form.one("key_id"), lives)
    return Done(i18n.text(ctx.locale, *MADE), show={"new_key": key})


def revoke(ctx: Context, form: Form) -> Done:
    """End a key."""
    service.revoke_service_key(ctx, form.one("key_id"))
    return Done(i18n.text(ctx.locale, *REVOKED))


def chosen(form: Form, name: str, options: tuple[int, ...]) -> int:
    """The number that was chosen from a list. Raises AppError(invalid_value)."""
    for option in options:
        if form.one(name) == str(option):
            return option
    raise AppError(INVALID_VALUE, field=name, value=form.one(name)[:20] or "-")


PAGE = Page(
    path=PATH,
    title=N_("keys.title", "Service keys"),
    order=86,
    group="account",
    permission="admin:settings",
    load=load,
    template="service_keys.html",
    actions={"create": create, "rotate": rotate, "revoke": revoke},
)
