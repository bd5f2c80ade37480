"""Which services are stood in for."""

from webapp.demo.standins.klaviyo import Klaviyo
from webapp.demo.standins.partner import Partner
from webapp.demo.standins.posthog import PostHog
from webapp.demo.standins.postscript import Postscript
from webapp.demo.standins.service import Standin
from webapp.demo.standins.slack import Slack
from webapp.demo.standins.storage import Storage
from webapp.demo.standins.xai import Xai

_KINDS: tuple[type[Standin], ...] = (Klaviyo, Postscript, PostHog, Slack, Xai, Partner, Storage)
NAMES = tuple(kind.name for kind in _KINDS)


def outside_services() -> list[Standin]:
    """One of each, with nothing received yet."""
    return [kind() for kind in _KINDS]
