"""The Deliveries page: what is queued, sent, retried and given up, for every destination."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from webapp.core import discovery, i18n
from webapp.core.breakers import BreakerState
from webapp.core.connections import service_name
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.messages import SendAgain
from webapp.features.accounts.queries import deliveries as queries

PATH = "deliveries"
INTERNAL = N_("deliveries.internal", "Inside LoyalNest")
TESTS = N_("deliveries.connections", "Tests of connections")
RECEIVED = N_("deliveries.received", "Received: %(topic)s")
PERIODIC = N_("deliveries.periodic", "Periodic work")
STATES = {
    "queued": N_("deliveries.state.queued", "Queued"),
    "sending": N_("deliveries.state.sending", "Being sent"),
    "retrying": N_("deliveries.state.retrying", "Retrying"),
    "dead": N_("deliveries.state.dead", "Stopped"),
    "sent": N_("deliveries.state.sent", "Sent"),
}
BREAKERS = {
    "closed": ("good", N_("deliveries.breaker.closed", "Ready")),
    "open": ("bad", N_("deliveries.breaker.open", "Resting")),
    "half_open": ("busy", N_("deliveries.breaker.half_open", "Being tried")),
}
UNFINISHED = N_("deliveries.state.unfinished", "Everything unfinished")
EVERYWHERE = N_("deliveries.everywhere", "All destinations")
PILLS = {"queued": "plain", "sending": "busy", "retrying": "busy", "dead": "bad", "sent": "good"}
# The value of the filter cannot be empty for the work inside.
INSIDE = "loyalnest"
# No breaker keeps these from being worked.
UNBROKEN = ("", "connections")
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked to see: `state` and `destination` are empty for all."""

    state: str
    destination: str
    page: int

    def query(self, **other: object) -> str:
        """The query of the page's address, with some of it replaced."""
        values = {"state": self.state, "destination": self.destination, "page": self.page, **other}
        return urlencode({name: value for name, value in values.items() if value not in ("", 1)})


def wanted(form: Form) -> Wanted:
    """What a query or a form asks for; whatever it cannot mean is left out."""
    state, number = form.one("state"), form.one("page")
    plain = number.isascii() and number.isdigit() and len(number) <= 4
    return Wanted(
        state if state in STATES else "",
        form.one("destination")[:40],
        max(1, min(int(number), MOST_PAGES)) if plain else 1,
    )


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    asked, sent = wanted(form), queries.sent_in_a_day(ctx)
    rows = destinations(ctx, sent)
    lines = listed(ctx, asked)
    known = {row["destination"]: row["name"] for row in rows}
    return {
        "age": queries.oldest_due(ctx),
        "going_on": sum(row["queued"] + row["sending"] + row["retrying"] for row in rows),
        "dead": sum(row["dead"] for row in rows),
        "sent": sum(sent.values()),
        "destinations": rows,
        "lines": [line(ctx.locale, one) for one in lines[: queries.ROWS_A_PAGE]],
        "asked": asked,
        "here": asked.query(),
        "newer": asked.query(page=asked.page - 1) if asked.page > 1 else None,
        "older": asked.query(page=asked.page + 1) if len(lines) > queries.ROWS_A_PAGE else None,
        "state_options": [("", i18n.text(ctx.locale, *UNFINISHED)), *state_names(ctx.locale)],
        "destination_options": [("", i18n.text(ctx.locale, *EVERYWHERE)), *known.items()],
    }


def state_names(locale: str) -> list[tuple[str, str]]:
    """(state, its name) of every state."""
    return [(state, i18n.text(locale, *name)) for state, name in STATES.items()]


def destinations(ctx: Context, sent: Mapping[str, int]) -> list[dict[str, Any]]:
    """What there is for each destination: counts by state, sorted by name, our own work last."""
    states = queries.STATES
    found = {name: dict.fromkeys(states, 0) for name in (*known_destinations(), *sent)}
    for queue in queries.queues(ctx):
        counts = found.setdefault(discovery.destination(queue.handler), dict.fromkeys(states, 0))
        for state in states:
            counts[state] += int(asdict(queue)[state])
    breakers = service.breakers_of(ctx, [name for name in found if name not in UNBROKEN])
    return [
        {
            "destination": name or INSIDE,
            "name": destination_name(ctx.locale, name),
            "sent": sent.get(name, 0),
            "breaker": breaker(ctx.locale, breakers[name]) if name not in UNBROKEN else None,
            **found[name],
        }
        for name in sorted(found, key=lambda name: (not name, name))
    ]


def breaker(locale: str, found: BreakerState) -> dict[str, Any]:
    """Whether a destination is sent to at present, in words."""
    kind, name = BREAKERS[found.state]
    told = {"pill": kind, "name": i18n.text(locale, *name), "seconds": found.seconds}
    return {**told, "reason": "" if found.state == "closed" else found.reason}


def known_destinations() -> tuple[str, ...]:
    """Every destination that some feature sends to, and the work inside."""
    return tuple({discovery.destination(handler) for handler in discovery.handlers()})


def destination_name(locale: str, destination: str) -> str:
    """What people call a destination."""
    translated = {"": INTERNAL, "connections": TESTS}.get(destination)
    if translated:
        return i18n.text(locale, *translated)
    return service_name(destination)


def listed(ctx: Context, asked: Wanted) -> list[queries.DeliveryLine]:
    """The page of the list that was asked for, and one line more when there is another page."""
    own = "" if asked.destination == INSIDE else asked.destination
    if asked.state == queries.SENT:
        return queries.sent(ctx, own if asked.destination else None, asked.page)
    handlers = service.handlers_of(own) if asked.destination else None
    return queries.unfinished(ctx, asked.state, handlers, asked.page)


def line(locale: str, found: queries.DeliveryLine) -> dict[str, Any]:
    """One line of the list as the template wants it."""
    return {
        **asdict(found),
        "what": what(locale, found.handler, found.topic),
        "to": destination_name(locale, discovery.destination(found.handler)),
        "state_name": i18n.text(locale, *STATES[found.state]),
        "pill": PILLS[found.state],
    }


def what(locale: str, handler: str, topic: str) -> str:
    """What a delivery is about, in words; its topic where nobody has named it."""
    label = discovery.labels().get((handler.partition(".")[0], topic))
    if label:
        return i18n.text(locale, *label)
    if topic.startswith("in."):
        return i18n.text(locale, *RECEIVED, topic=topic.removeprefix("in."))
    return i18n.text(locale, *PERIODIC) if topic.startswith("every.") else topic


def send_again(ctx: Context, form: Form) -> Done:
    """Try one delivery again, or all of a destination that were given up."""
    asked, number = wanted(form), form.one("message_id")
    one = form.one("handler") if number.isascii() and number.isdigit() else ""
    destination = "" if asked.destination == INSIDE else asked.destination
    if one:
        message = SendAgain(discovery.destination(one), one, int(number[:18]))
    else:
        message = SendAgain(destination)
    count = service.send_again(ctx, message)
    said = i18n.plural(
        ctx.locale,
        "deliveries.sent_again",
        "%(num)s delivery is being tried again.",
        "%(num)s deliveries are being tried again.",
        count,
    )
    query = asked.query(page=1)
    return Done(said, f"{PATH}?{query}" if query else PATH)


PAGE = Page(
    PATH,
    N_("deliveries.title", "Deliveries"),
    60,
    "connections",
    "admin:settings",
    load,
    "deliveries.html",
    {"again": send_again},
)
