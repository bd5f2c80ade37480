"""Tells the stores how the widgets are configured, and looks which blocks their themes have."""

from collections.abc import Sequence
from datetime import datetime

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.theme import service
from webapp.features.theme.messages import ThemeCall, ThemeSeen
from webapp.gateways import Gateways
from webapp.gateways.calling import GatewayError
from webapp.gateways.shopify_theme import ShopTheme


def prepare(ctx: Context, message: Message) -> ThemeCall | None:
    return service.prepare_call(ctx, message.payload["store_id"])


def configure(gateways: Gateways, call: ThemeCall) -> Outcome:
    _theme(gateways, call).configure(call.configuration)
    return Outcome(True)


def settle_configuration(ctx: Context, call: ThemeCall, outcome: Outcome) -> None:
    service.record_configuration(ctx, call)


def look(gateways: Gateways, call: ThemeCall) -> Outcome:
    """A shop that does not let us look is no failure of the call: the Widgets page says so."""
    try:
        theme = _theme(gateways, call).read()
    except GatewayError as error:
        if error.credential or not error.final:
            raise
        return Outcome(True, report={"seen": ThemeSeen(problem=str(error))})
    return Outcome(True, report={"seen": ThemeSeen(theme.name, theme.files)})


def settle_look(ctx: Context, call: ThemeCall, outcome: Outcome) -> None:
    service.record_look(ctx, call, outcome.report["seen"])


def greet_stores(ctx: Context, messages: Sequence[Message]) -> None:
    """A shop that has just let us in knows nothing of the widgets yet."""
    stores = {message.payload["store_id"] for message in messages}
    service.publish(ctx, stores)
    service.look(ctx, stores)


def note_redemptions(ctx: Context, messages: Sequence[Message]) -> None:
    told = (message.payload for message in messages if "external_id" in message.payload)
    service.note_redemptions(
        ctx,
        [
            (said["store_id"], said["external_id"], datetime.fromisoformat(said["at"]))
            for said in told
        ],
    )


def forget_customers(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        said = message.payload
        service.forget_customers(ctx, said["store_id"], said["customers"])


def look_at_stores(ctx: Context) -> None:
    """Merchants change their themes without telling anybody."""
    service.look(ctx)


def _theme(gateways: Gateways, call: ThemeCall) -> ShopTheme:
    return ShopTheme(gateways.shopify, call.shop_domain, call.access_token)


APPLIES = {
    "store.authorised": greet_stores,
    "points.redeemed": note_redemptions,
    "customers.redacted": forget_customers,
}
SENDS = {
    "theme.configuration_due": Send(prepare, configure, settle_configuration, "shopify"),
    "theme.look_due": Send(prepare, look, settle_look, "shopify"),
}
EVERY = {"daily": look_at_stores}
LABELS = {
    "store.authorised": N_("deliveries.theme.greeting", "First look at a theme"),
    "points.redeemed": N_("deliveries.theme.redeemed", "Results of A/B tests"),
    "customers.redacted": N_("deliveries.theme.forget", "A/B tests to forget"),
    "theme.configuration_due": N_("deliveries.theme.configuration", "Configuration of widgets"),
    "theme.look_due": N_("deliveries.theme.look", "Look at a theme"),
}
