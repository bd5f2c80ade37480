"""What a message looks like before anybody gets it."""

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import Facts
from webapp.features.notifications import queries
from webapp.features.notifications.domain.wording import PARAGRAPH, worded
from webapp.features.notifications.messages import Preview

SAMPLE_EVENTS = 3


def preview(ctx: Context, name: str, locale: str, *, real: bool) -> Preview:
    """The message in one of the 22 languages, with what was last said of it or, where nothing was,
    with its sample. An unknown message or language gives the first one."""
    catalogue = discovery.notifications()
    said = catalogue.get(name) or next(iter(catalogue.values()))
    last = queries.newest_facts(ctx, said.name) if real else None
    shops = sorted(queries.places(ctx).items())
    shop = shops[0][1].shopper_name if shops else queries.merchant_name(ctx)
    facts: Facts = {"shop": shop, "events": SAMPLE_EVENTS, **said.facts, **(last or {})}
    words = worded(said, i18n.negotiate(locale, default=ctx.locale), facts)
    return Preview(
        name=said.name,
        locale=words.locale,
        direction=words.direction,
        subject=words.subject,
        body=tuple(words.body.split(PARAGRAPH)),
        short=words.short,
        channels=said.channels,
        real=last is not None,
    )
