"""Whether a message may be sent to somebody, and if not, the word that says why.

SMS goes to subscribers only, whatever it says. A mail goes to everybody who has not said no; when
it advertises, to subscribers only.
"""

from dataclasses import dataclass, field

NO_ADDRESS = "no_address"
NO_CONSENT = "no_consent"
UNSUBSCRIBED = "unsubscribed"

SUBSCRIBED = "subscribed"
# Shopify's words for somebody who said no, whose data was erased, or whose address is none.
_REFUSED = frozenset({"unsubscribed", "redacted", "invalid"})


@dataclass(frozen=True, slots=True)
class Contact:
    """How a member may be reached; what is unknown is None. Consents are Shopify's words in lower
    case. The addresses are never printed."""

    external_id: str | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    locale: str | None = None
    email_consent: str | None = None
    sms_consent: str | None = None


def obstacle(channel: str, kind: str, contact: Contact) -> str | None:
    """Why `contact` may not get a message of this kind over this channel; None when it may."""
    if channel == "sms":
        return _for_sms(contact)
    if contact.email is None and contact.external_id is None:
        return NO_ADDRESS
    if contact.email_consent in _REFUSED:
        return UNSUBSCRIBED
    if kind == "marketing" and contact.email_consent != SUBSCRIBED:
        return NO_CONSENT
    return None


def _for_sms(contact: Contact) -> str | None:
    if contact.sms_consent in _REFUSED:
        return UNSUBSCRIBED
    if contact.phone is None:
        return NO_ADDRESS
    return None if contact.sms_consent == SUBSCRIBED else NO_CONSENT
