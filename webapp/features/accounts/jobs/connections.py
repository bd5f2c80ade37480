"""Trying out a key that was entered: a send of its own kind, which no open breaker holds back."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.messages import ConnectionTest
from webapp.gateways import Gateways
from webapp.gateways.calling import GatewayError


def prepare(ctx: Context, message: Message) -> ConnectionTest | None:
    payload = message.payload
    return service.prepare_test(ctx, payload["service"], payload["credential_id"])


def check(gateways: Gateways, asked: ConnectionTest) -> Outcome:
    """A failed check is a result and is told at once, not tried again."""
    try:
        getattr(gateways, asked.service).check(asked.credentials)
    except GatewayError as error:
        state = "refused" if error.credential or error.final else "unreachable"
        return Outcome(True, report={"state": state, "reason": str(error)})
    return Outcome(True, report={"state": "works", "reason": ""})


def settle(ctx: Context, asked: ConnectionTest, outcome: Outcome) -> None:
    service.record_test(ctx, asked, outcome.report["state"], outcome.report["reason"])


# A destination of its own: whoever enters a key wants to know now whether it works.
SENDS = {"connection.test_requested": Send(prepare, check, settle, "connections")}
LABELS = {
    "connection.test_requested": N_("deliveries.topic.connection_test", "Test of a connection")
}
