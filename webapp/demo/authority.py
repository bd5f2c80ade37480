"""Certificates for development, shaped like Apple's, and a key for development like Google's.

A root, an intermediate certificate and a pass certificate with the names, the uses and the
extensions that Apple's have, so that everything works but no telephone takes it: its organisation
is not Apple, which production refuses (`doctor`). Source: apple/pass-builder, Apple's samples.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANISATION = "LoyalNest development"
PASS_TYPE_ID, TEAM_ID, ISSUER_ID = "pass.dev.loyalnest.card", "DEVTEAM001", "3388000000000000001"
ACCOUNT = "cards@loyalnest-development.iam.gserviceaccount.com"
LIFE = timedelta(days=365)
PASS_SIGNING = x509.ObjectIdentifier("1.2.840.113635.100.4.14")
_MARKER = x509.ObjectIdentifier("1.2.840.113635.100.6.3.2")
_PASS_TYPE = x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")
_WWDR = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """PEM texts: the root, whoever it vouches for, and keys. `server` is the certificate, with its
    key, by which a stand-in of Apple's at 127.0.0.1 is known."""

    root: str
    intermediate: str
    certificate: str
    private_key: str = field(repr=False)
    server: str = field(repr=False)
    google_key: str = field(repr=False)
    until: str = ""
    pass_type_id: str = PASS_TYPE_ID
    team_id: str = TEAM_ID

    def apple_values(self) -> dict[str, str]:
        """What the connection `apple_wallet` consists of."""
        return {
            "pass_type_id": self.pass_type_id,
            "team_id": self.team_id,
            "certificate": self.certificate,
            "private_key": self.private_key,
            "intermediate": self.intermediate,
        }

    def google_values(self, url: str) -> dict[str, str]:
        """What the connection `google_wallet` consists of; `url` is where tokens are got."""
        account = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key_id": "development",
            "private_key": self.google_key,
            "token_uri": f"{url}/token",
        }
        return {"issuer_id": ISSUER_ID, "service_account": json.dumps(account)}


@dataclass(frozen=True, slots=True)
class _Issued:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def make_authority(
    wall: datetime,
    *,
    life: timedelta = LIFE,
    pass_type_id: str = PASS_TYPE_ID,
    team_id: str = TEAM_ID,
    organisation: str = ORGANISATION,
) -> Authority:
    """A whole authority; its pass certificate lives for `life`."""
    root = _issue(_name("Root", organisation), None, wall, 20 * LIFE, _of_authority(1))
    middle = _issue(
        _name("Worldwide Developer Relations", organisation),
        root,
        wall,
        8 * LIFE,
        {**_of_authority(0), _WWDR: b"\x05\x00"},
    )
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, pass_type_id),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {pass_type_id}"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, team_id),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
        ]
    )
    leaf = _issue(subject, middle, wall, life, _of_passes(pass_type_id))
    server = _issue(_name("127.0.0.1", organisation), root, wall, LIFE, _of_server())
    return Authority(
        root=_pem(root.certificate),
        intermediate=_pem(middle.certificate),
        certificate=_pem(leaf.certificate),
        private_key=_key_pem(leaf.key),
        server=_pem(server.certificate) + _key_pem(server.key),
        google_key=_key_pem(_new_key()),
        until=(wall + life).isoformat(),
        pass_type_id=pass_type_id,
        team_id=team_id,
    )


def kept_authority(file: Path, wall: datetime) -> Authority:
    """The authority of a demo, made at the first start and when it is about to end."""
    if file.exists():
        kept = Authority(**json.loads(file.read_text()))
        if datetime.fromisoformat(kept.until) > wall + 30 * _DAY:
            return kept
    made = make_authority(wall)
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(made)))
    file.with_suffix(".pem").write_text(made.root)
    return made


def _issue(
    subject: x509.Name,
    by: _Issued | None,
    wall: datetime,
    life: timedelta,
    extensions: Mapping[x509.ObjectIdentifier, x509.ExtensionType | bytes],
) -> _Issued:
    key = _new_key()
    issuer = by.certificate.subject if by else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wall - min(_DAY, life / 2))
        .not_valid_after(wall + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signing = by.key if by else key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
    )
    for oid, value in extensions.items():
        written = x509.UnrecognizedExtension(oid, value) if isinstance(value, bytes) else value
        builder = builder.add_extension(written, critical=isinstance(value, x509.BasicConstraints))
    return _Issued(builder.sign(signing, hashes.SHA256()), key)


def _of_authority(depth: int) -> dict[x509.ObjectIdentifier, x509.ExtensionType | bytes]:
    constraints = x509.BasicConstraints(ca=True, path_length=depth)
    return {constraints.oid: constraints, x509.KeyUsage.oid: _usage(authority=True)}


def _of_passes(pass_type_id: str) -> dict[x509.ObjectIdentifier, x509.ExtensionType | bytes]:
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, PASS_SIGNING])
    named = pass_type_id.encode()
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return {
        constraints.oid: constraints,
        x509.KeyUsage.oid: _usage(authority=False),
        uses.oid: uses,
        _MARKER: b"\x05\x00",
        # UTF8String, whose length fits one byte.
        _PASS_TYPE: bytes((0x0C, len(named))) + named,
    }


def _of_server() -> dict[x509.ObjectIdentifier, x509.ExtensionType | bytes]:
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return {names.oid: names, uses.oid: uses}


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "G4"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
        ]
    )


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: rsa.RSAPrivateKey) -> str:
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return written.decode()
