"""What of a product event may leave our own tables.

The outside service learns what happened, how often and in which merchant's programme; never who a
shopper is. Ids of customers are replaced by a hash that only repeats within one merchant, and
whatever is, or looks like, a name or an address is left out.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

# Made once for this product; with a merchant and a message it names an event for ever.
EVENTS = uuid.UUID("5b3c6f0e-2a57-4c39-9d0a-7c1e4d8f6b21")
HASHED = re.compile(r"customer|shopper|member|user")
LEFT_OUT = re.compile(r"(?:^|_)(?:name|e?mail|phone|address|ip|token|secret|key)(?:_|$)")
OUR_CUSTOMER = re.compile(r"(?:cus|shc)_|gid://shopify/Customer/")
ADDRESS = re.compile(r"@|\+?\d[\d ().-]{7,}\d")


def event_uuid(merchant_id: str, message_id: int) -> str:
    """The id of an event at the outside service: the same at every try, so that it counts once."""
    return str(uuid.uuid5(EVENTS, f"{merchant_id}:{message_id}"))


def discreet(merchant_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties as they may be told to others."""
    told = {}
    for name, value in properties.items():
        if LEFT_OUT.search(name):
            continue
        if isinstance(value, str) and (HASHED.search(name) or OUR_CUSTOMER.match(value)):
            told[name] = hashed(merchant_id, value)
        elif value is None or isinstance(value, bool | int | float) or is_plain(value):
            told[name] = value
    return told


def is_plain(value: object) -> bool:
    """Whether a value is a text that cannot be an address of a person."""
    return isinstance(value, str) and not ADDRESS.search(value)


def hashed(merchant_id: str, value: str) -> str:
    """A stand-in for an id: the same within one merchant, another one elsewhere."""
    return hashlib.sha256(f"{merchant_id}:{value}".encode()).hexdigest()[:16]
