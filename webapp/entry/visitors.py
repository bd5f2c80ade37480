"""Who looks at a page in a shop: people or machines, and the same ones or others.

Shopify's proxy passes on the browser's headers and adds the address it was asked from. A browser
may have made up addresses itself, which stand before those, so they are counted from the end.
"""

import hashlib
import hmac
import re

from flask import Request

from webapp.entry import parts

# What fetches pages without anybody looking: crawlers, previews of links in chats, tools.
MACHINES = re.compile(
    r"bot|crawl|spider|slurp|preview|scan|fetch|monitor|headless|lighthouse|externalhit|facebookcat"
    r"|embedly|whatsapp|telegram|skype|discord|slack|viber|vkshare|pinterest|linkedin|tumblr|quora"
    r"|snapchat|curl|wget|python|java/|okhttp|go-http|node|axios|libwww|httpclient|feed|validator",
    re.IGNORECASE,
)
MAX_HEADER = 500


def is_machine(asked: Request) -> bool:
    """Whether nobody seems to look: no browser, a preview, or a page fetched in advance."""
    agent = asked.headers.get("User-Agent", "")
    advance = asked.headers.get("Sec-Purpose", "") + asked.headers.get("Purpose", "")
    return asked.method != "GET" or not agent or bool(MACHINES.search(agent)) or bool(advance)


def device(asked: Request) -> str:
    """What the browser says that it runs on: "apple" (a telephone or a tablet), "android" or
    "other". Some of Apple's tablets say that they are a Mac: those are "other"."""
    agent = asked.headers.get("User-Agent", "")[:MAX_HEADER]
    if "Android" in agent:
        return "android"
    return "apple" if re.search("iPhone|iPad|iPod", agent) else "other"


def fingerprint(asked: Request) -> bytes:
    """A hash of network address and browser under the application's own key."""
    return _hash(f"{_address(asked)}|{asked.headers.get('User-Agent', '')[:MAX_HEADER]}")


def network(asked: Request) -> bytes:
    """The same of the network address alone: what a browser calls itself, anybody may choose."""
    return _hash(_address(asked))


def _address(asked: Request) -> str:
    said = [one.strip() for one in asked.headers.get("X-Forwarded-For", "").split(",")]
    hops = min(parts().settings.forwarded_hops, len(said))
    return said[-hops] or str(asked.remote_addr)


def _hash(said: str) -> bytes:
    return hmac.digest(parts().settings.secret_key.encode(), said.encode(), hashlib.sha256)
