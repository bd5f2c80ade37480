"""The Connections page: keys of outside services. What was entered is never shown again.

Merchants see it in the dashboard, and operators see the services of the platform in theirs: which
ones there are is decided by the tenant.
"""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.connections import FILES, SHOWN, service_name
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.errors import CONNECTION_VALUE_INVALID, AppError
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.messages import SaveConnection

PATH = "connections"
TITLE = N_("connections.title", "Connections")
ABOUT = {
    "klaviyo": N_("connections.klaviyo", "E-mails to members, by your own flows in Klaviyo."),
    "postscript": N_(
        "connections.postscript",
        "Text messages to members who agreed to them, by your own flows in Postscript.",
    ),
    "posthog": N_("connections.posthog", "How LoyalNest is used, without names or addresses."),
    "slack": N_("connections.slack", "Messages to merchants in the community."),
    "xai": N_("connections.xai", "Drafts of texts, made from figures only."),
    "partner": N_("connections.partner", "Credits for merchants who brought others."),
    "storage": N_("connections.storage", "Files: exports, imports and backups."),
    "apple_wallet": N_(
        "connections.apple_wallet",
        "Cards in Apple Wallet: the certificate of a pass type, its key, and Apple's intermediate "
        "certificate (WWDR), as PEM.",
    ),
    "google_wallet": N_(
        "connections.google_wallet",
        "Cards in Google Wallet: the issuer account, and the key file of a service account that "
        "may act for it.",
    ),
}
FIELDS = {
    "api_key": N_("connections.field.api_key", "API key"),
    "shop_token": N_("connections.field.shop_token", "Shop token"),
    "bot_token": N_("connections.field.bot_token", "Bot token"),
    "organization_id": N_("connections.field.organization_id", "Organization ID"),
    "access_token": N_("connections.field.access_token", "Access token"),
    "bucket": N_("connections.field.bucket", "Bucket"),
    "region": N_("connections.field.region", "Region"),
    "access_key_id": N_("connections.field.access_key_id", "Access key ID"),
    "secret_access_key": N_("connections.field.secret_access_key", "Secret access key"),
    "pass_type_id": N_("connections.field.pass_type_id", "Pass type ID"),
    "team_id": N_("connections.field.team_id", "Team ID"),
    "certificate": N_("connections.field.certificate", "Certificate"),
    "private_key": N_("connections.field.private_key", "Private key"),
    "intermediate": N_("connections.field.intermediate", "Intermediate certificate"),
    "issuer_id": N_("connections.field.issuer_id", "Issuer ID"),
    "service_account": N_("connections.field.service_account", "Key file (JSON)"),
}
HINTS = {
    ("klaviyo", "api_key"): N_(
        "connections.hint.klaviyo",
        "A private key that may read accounts and write events and profiles; it begins with pk_.",
    ),
    ("postscript", "api_key"): N_(
        "connections.hint.postscript", "The private key of the app; it begins with sk_."
    ),
    ("postscript", "shop_token"): N_(
        "connections.hint.postscript_shop", "The key of your shop, from its API settings."
    ),
}
STATES = {
    "untested": ("plain", N_("connections.state.untested", "Not tested")),
    "testing": ("busy", N_("connections.state.testing", "Being tested")),
    "works": ("good", N_("connections.state.works", "Works")),
    "refused": ("bad", N_("connections.state.refused", "The key was refused")),
    "unreachable": ("bad", N_("connections.state.unreachable", "The service did not answer")),
}
SAVED = N_("connections.saved", "%(service)s: the key was saved and is being tested.")
REMOVED = N_("connections.removed", "%(service)s: the key was removed.")
TESTING = N_("connections.test_begun", "%(service)s: the connection is being tested.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    """Every service of the tenant; nothing of what a refused form said."""
    return {"services": [card(ctx, name) for name in service.services_of(ctx)], "form": Form({})}


def card(ctx: Context, name: str) -> dict[str, Any]:
    """One service as the template wants it; `connection` is None without a key."""
    shown = service.list_connections(ctx).get(name)
    kind, label = STATES[shown.state if shown else "untested"]
    return {
        "service": name,
        "name": service_name(name),
        "about": i18n.text(ctx.locale, *ABOUT[name]),
        "fields": [field(ctx.locale, name, value) for value in service.services_of(ctx)[name]],
        "connection": shown,
        "pill": kind,
        "state": i18n.text(ctx.locale, *label),
        "testing": shown is not None and shown.state == "testing",
    }


def field(locale: str, name: str, value: str) -> dict[str, str]:
    """One value to enter."""
    hint = HINTS.get((name, value))
    return {
        "name": value,
        "label": i18n.text(locale, *FIELDS[value]),
        "hint": i18n.text(locale, *hint) if hint else "",
        "kind": "file" if value in FILES else "text" if value in SHOWN else "password",
    }


def save(ctx: Context, form: Form) -> Done:
    name = form.one("service")
    values = {value: form.one(value) for value in service.services_of(ctx).get(name, ())}
    try:
        service.save_connection(ctx, SaveConnection(name, values))
    except AppError as error:
        if error.kind is not CONNECTION_VALUE_INVALID:
            raise
        label = i18n.text(ctx.locale, *FIELDS[error.values["field"]])
        raise AppError(CONNECTION_VALUE_INVALID, field=label) from None
    return Done(i18n.text(ctx.locale, *SAVED, service=service_name(name)))


def remove(ctx: Context, form: Form) -> Done:
    name = form.one("service")
    service.remove_connection(ctx, name)
    return Done(i18n.text(ctx.locale, *REMOVED, service=service_name(name)))


def test(ctx: Context, form: Form) -> Done:
    name = form.one("service")
    service.request_test(ctx, name)
    return Done(i18n.text(ctx.locale, *TESTING, service=service_name(name)))


PAGE = Page(
    path=PATH,
    title=TITLE,
    order=60,
    group="connections",
    permission="admin:settings",
    load=load,
    template="connections.html",
    actions={"save": save, "remove": remove, "test": test},
)
