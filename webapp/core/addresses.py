"""Keyed hashes of addresses, by which one person is recognised in several stores.

Only equality survives: HMAC-SHA256 under a key of the merchant's own (the *pepper*), so that a hash
proves nothing without it and means nothing to another merchant. Spelling is evened out as far as
mail and telephone networks promise that it does not matter, and no further: dots and `+tags` in a
mailbox may well belong to somebody else.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata

import idna
from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models.tenants import ProgramSettings

PEPPER_BYTES = 32
MAX_EMAIL = 320
# ITU-T E.164: a country code that does not begin with 0, at most fifteen digits in all.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015]")


def email_hash(pepper: bytes, email: str) -> bytes | None:
    """The hash of an e-mail address; None for what is none."""
    address = normal_email(email)
    return None if address is None else _hash(pepper, address)


def phone_hash(pepper: bytes, phone: str) -> bytes | None:
    """The hash of a telephone number with its country code; None for any other."""
    number = normal_phone(phone)
    return None if number is None else _hash(pepper, number)


def normal_email(email: str) -> str | None:
    """An e-mail address as it is compared: NFKC without blanks around it, the mailbox case-folded,
    the domain in the ASCII form of IDNA (UTS 46). None for what is no address."""
    written = unicodedata.normalize("NFKC", email).strip()
    mailbox, _, domain = written.rpartition("@")
    if not mailbox or len(written) > MAX_EMAIL or any(c.isspace() for c in written):
        return None
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii").rstrip(".")
    except idna.IDNAError:
        return None
    return f"{unicodedata.normalize('NFKC', mailbox.casefold())}@{ascii_domain}"


def normal_phone(phone: str) -> str | None:
    """A telephone number in E.164, without what people write between its digits. None for what is
    none, and for a number without its country code."""
    written = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", phone))
    return written if _E164.fullmatch(written) else None


def pepper(ctx: Context) -> bytes:
    """The merchant's key for these hashes, made and sealed when it is first asked for. It never
    changes: another one would make strangers of all who are known."""
    sealed = ctx.db.scalar(_READ, {"merchant_id": ctx.merchant_id})
    place = ProgramSettings.pepper_place(ctx.merchant_id)
    if sealed is None:
        made = ctx.keys.seal(secrets.token_hex(PEPPER_BYTES), place)
        sealed = ctx.db.scalar(_MAKE, {"merchant_id": ctx.merchant_id, "pepper": made})
    return bytes.fromhex(ctx.keys.open(sealed, place))


def _hash(key: bytes, address: str) -> bytes:
    return hmac.digest(key, address.encode(), hashlib.sha256)


_READ = text("select pepper from program_settings where merchant_id = :merchant_id")
# Whoever comes second waits for the first and takes over what that one has made.
_MAKE = text(
    """
    insert into program_settings (merchant_id, pepper) values (:merchant_id, :pepper)
    on conflict (merchant_id) do update
    set pepper = coalesce(program_settings.pepper, excluded.pepper)
    returning pepper
    """
)
