"""The Received page: what Shopify, Flow and Slack told us, what became of it, and whether the shops
tell us of everything. It shows what happened and when, and nothing of what was said."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from webapp.core import i18n, inbox
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.domain.subscriptions import wanted
from webapp.features.accounts.queries import received as queries

PATH = "received"
# Names of products, written alike in every language.
SOURCES = {"shopify": "Shopify", "flow": "Shopify Flow", "slack": "Slack"}
STATES = {
    "waiting": N_("received.state.waiting", "Waiting"),
    "failed": N_("received.state.failed", "Stopped"),
    "applied": N_("received.state.applied", "Applied"),
    "kept": N_("received.state.kept", "Kept, not used"),
}
ANY_SOURCE = N_("received.any_source", "All senders")
ANY_TOPIC = N_("received.any_topic", "All topics")
ANY_STATE = N_("received.any_state", "All states")
PILLS = {"waiting": "busy", "failed": "bad", "applied": "good", "kept": "plain"}
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person wants to see; empty filters stand for everything."""

    source: str
    topic: str
    state: str
    page: int

    def query(self, **other: object) -> str:
        """The query of the page's address, with some of it replaced."""
        values = {**asdict(self), **other}
        return urlencode({name: value for name, value in values.items() if value not in ("", 1)})


def asked_for(form: Form) -> Asked:
    """What a query or a form asks for; whatever it cannot mean is left out."""
    source, state, number = form.one("source"), form.one("state"), form.one("page")
    plain = number.isascii() and number.isdigit() and len(number) <= 4
    return Asked(
        source if source in SOURCES else "",
        form.one("topic").replace("\0", "")[:128],
        state if state in STATES else "",
        max(1, min(int(number), MOST_PAGES)) if plain else 1,
    )


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    asked = asked_for(form)
    found = queries.events(ctx, asked.source, asked.topic, asked.state, asked.page)
    received, waiting, failed = queries.counts(ctx)
    topics = wanted(inbox.received_topics(ctx.handlers, "shopify"))
    return {
        "received": received,
        "waiting": waiting,
        "failed": failed,
        "shops": queries.subscriptions(ctx, len(topics)),
        "events": [event(ctx.locale, one) for one in found[: queries.ROWS_A_PAGE]],
        "asked": asked,
        "here": asked.query(),
        "newer": asked.query(page=asked.page - 1) if asked.page > 1 else None,
        "older": asked.query(page=asked.page + 1) if len(found) > queries.ROWS_A_PAGE else None,
        "source_options": [("", i18n.text(ctx.locale, *ANY_SOURCE)), *SOURCES.items()],
        "topic_options": topic_options(ctx, asked.topic),
        "state_options": [("", i18n.text(ctx.locale, *ANY_STATE)), *state_names(ctx.locale)],
    }


def state_names(locale: str) -> list[tuple[str, str]]:
    """(state, its name) of every state."""
    return [(state, i18n.text(locale, *name)) for state, name in STATES.items()]


def topic_options(ctx: Context, asked: str) -> list[tuple[str, str]]:
    """Every topic that somebody receives, that nobody does but came in, and the one asked for."""
    known = {t for source in SOURCES for t in inbox.received_topics(ctx.handlers, source)}
    topics = known | set(queries.strange_topics(ctx)) | ({asked} - {""})
    return [("", i18n.text(ctx.locale, *ANY_TOPIC)), *((topic, topic) for topic in sorted(topics))]


def event(locale: str, found: queries.ReceivedEvent) -> dict[str, Any]:
    """One event as the template wants it."""
    return {
        **asdict(found),
        "sender": SOURCES[found.source],
        "state_name": i18n.text(locale, *STATES[found.state]),
        "pill": PILLS[found.state],
    }


def apply_again(ctx: Context, form: Form) -> Done:
    """Try an event again that was given up."""
    number = form.one("event_id")
    plain = number.isascii() and number.isdigit() and len(number) <= 18
    count = service.apply_again(ctx, int(number)) if plain else 0
    said = (
        i18n.text(ctx.locale, "received.again_done", "The event is being applied again.")
        if count
        else i18n.text(ctx.locale, "received.again_none", "There was nothing to apply again.")
    )
    query = asked_for(form).query()
    return Done(said, f"{PATH}?{query}" if query else PATH)


def check(ctx: Context, form: Form) -> Done:
    """Look now whether the shops tell us of everything."""
    service.check_all_subscriptions(ctx)
    return Done(i18n.text(ctx.locale, "received.checking", "The shops are being asked."))


PAGE = Page(
    PATH,
    N_("received.title", "Received"),
    65,
    "connections",
    "admin:settings",
    load,
    "received.html",
    {"again": apply_again, "check": check},
)
