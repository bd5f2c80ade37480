"""What can be wrong with the keys by which cards are made, found before a card is made.

A pass certificate has the pass type id as UID and the team as OU of its subject, lives a year, and
is vouched for by Apple's intermediate (WWDR). Source: apple/pass-builder, PassCertificate; when the
intermediate G1 ended in February 2023, cards everywhere could not be installed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from webapp.features.wallet.domain.signing import Signer, read_signer

SOON = timedelta(days=90)
APPLE = "Apple Inc."
APPLE_NAMES = {
    "pass_type_id": "the pass type id",
    "team_id": "the team id",
    "certificate": "the certificate",
    "private_key": "the private key",
    "intermediate": "Apple's intermediate certificate (WWDR)",
}
GOOGLE_NAMES = {"issuer_id": "the issuer id", "service_account": "the service account's key file"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps cards from being made (`fatal`), or soon will; `code` is for programs,
    `text`, in English, for who runs the platform."""

    code: str
    text: str
    fatal: bool = True


def apple_problems(
    values: Mapping[str, str], wall: datetime, *, production: bool
) -> Iterator[Problem]:
    """What is wrong with Apple's certificate and key."""
    missing = [label for name, label in APPLE_NAMES.items() if not values.get(name)]
    if missing:
        yield Problem("apple_missing", f"Apple Wallet: {', '.join(missing)} is missing")
        return
    try:
        signer = read_signer(
            *(values[name] for name in ("certificate", "private_key", "intermediate"))
        )
    except ValueError as error:
        yield Problem(
            "apple_unreadable", f"Apple Wallet: a certificate or key cannot be read: {error}"
        )
        return
    yield from _of_signer(signer, values, production)
    yield from _of_time("apple_certificate", "the pass certificate", signer.certificate, wall)
    yield from _of_time("apple_wwdr", APPLE_NAMES["intermediate"], signer.intermediate, wall)


def _of_signer(signer: Signer, values: Mapping[str, str], production: bool) -> Iterator[Problem]:
    certificate, intermediate = signer.certificate, signer.intermediate
    if _public(signer.key) != _public_of(certificate):
        yield Problem("apple_key_mismatch", "Apple Wallet: the key is not that of the certificate")
    for name, code, oid in (
        ("pass_type_id", "apple_pass_type_mismatch", NameOID.USER_ID),
        ("team_id", "apple_team_mismatch", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ):
        written = _of(certificate.subject, oid)
        if written != values[name]:
            yield Problem(
                code,
                f"Apple Wallet: {APPLE_NAMES[name]} is {values[name]}, but the certificate is of "
                f"{written or 'none'}",
            )
    try:
        certificate.verify_directly_issued_by(intermediate)
    except (ValueError, TypeError, InvalidSignature):
        yield Problem(
            "apple_wwdr_mismatch",
            "Apple Wallet: the intermediate certificate did not issue the pass certificate; get "
            "the one it names from Apple's page of certificates",
        )
    if production and _of(intermediate.subject, NameOID.ORGANIZATION_NAME) != APPLE:
        yield Problem(
            "apple_development",
            "Apple Wallet: the certificate is one for development, which no telephone takes",
        )


def _of_time(code: str, name: str, found: x509.Certificate, wall: datetime) -> Iterator[Problem]:
    until = found.not_valid_after_utc
    if wall < found.not_valid_before_utc:
        yield Problem(
            f"{code}_early",
            f"Apple Wallet: {name} is not valid before {found.not_valid_before_utc:%Y-%m-%d}",
        )
    elif until <= wall:
        yield Problem(f"{code}_expired", f"Apple Wallet: {name} expired on {until:%Y-%m-%d}")
    elif until - wall < SOON:
        yield Problem(
            f"{code}_expires", f"Apple Wallet: {name} expires on {until:%Y-%m-%d}", fatal=False
        )


def google_problems(values: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with Google's issuer and key."""
    missing = [label for name, label in GOOGLE_NAMES.items() if not values.get(name)]
    if missing:
        yield Problem("google_missing", f"Google Wallet: {', '.join(missing)} is missing")
        return
    if not values["issuer_id"].isdigit():
        yield Problem("google_issuer", "Google Wallet: the issuer id is a number")
    try:
        account = service_account(values["service_account"])
        read_rsa_key(account["private_key"])
    except (ValueError, TypeError) as error:
        yield Problem("google_unreadable", f"Google Wallet: the key file cannot be read: {error}")


def read_rsa_key(pem: str) -> RSAPrivateKey:
    """A key that signs RS256, which is what Google takes. Raises ValueError, or TypeError for one
    that is protected by a password."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the key is no RSA key")
    return key


def service_account(written: str) -> dict[str, str]:
    """What a service account's key file says. Raises ValueError."""
    found = json.loads(written)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    wanted = ("client_email", "private_key", "private_key_id", "token_uri")
    absent = [name for name in wanted if not isinstance(found.get(name), str)]
    if absent:
        raise ValueError(f"it has no {', '.join(absent)}")
    return {name: found[name] for name in wanted}


def _of(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return next((str(one.value) for one in name.get_attributes_for_oid(oid)), "")


def _public(key: object) -> bytes:
    return _spki(getattr(key, "public_key")())  # noqa: B009 - keys of two kinds


def _public_of(certificate: x509.Certificate) -> bytes:
    return _spki(certificate.public_key())


def _spki(key: object) -> bytes:
    written: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return written
