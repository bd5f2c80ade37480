"""Which services are stood in for."""

from webapp.demo.standins.klaviyo import Klaviyo
from webapp.demo.standins.posthog import PostHog
from webapp.demo.standins.postscript import Postscript
from webapp.demo.standins.service import Standin
from webapp.demo.standins.slack import Slack

_KINDS: tuple[type[Standin], ...] = (Klaviyo, Postscript, PostHog, Slack)
NAMES = tuple(kind.name for kind in _KINDS)


def outside_services() -> list[Standin]:
    """One of each, with nothing received yet."""
    return [kind() for kind in _KINDS]
