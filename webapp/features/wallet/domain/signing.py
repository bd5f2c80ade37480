"""Signs cards as Apple wants it: a detached CMS signature of the manifest, with the signing time
and the intermediate certificate in it, by the certificate of the pass type.

Binary, for otherwise lines would be given other ends before they are hashed. Source: Apple,
"Building a Pass", and RFC 5652.
"""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
_OPTIONS = (
    PKCS7Options.DetachedSignature,
    PKCS7Options.Binary,
    PKCS7Options.NoCapabilities,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Certificate and key of a pass type, and the intermediate certificate that vouches for it.
    Reading a key takes a hundred times as long as signing: keep the signer."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    intermediate: x509.Certificate

    def sign(self, manifest: bytes) -> bytes:
        """The content of the file `signature`."""
        builder = PKCS7SignatureBuilder().set_data(manifest)
        builder = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        builder = builder.add_certificate(self.intermediate)
        return builder.sign(serialization.Encoding.DER, _OPTIONS)


def read_signer(certificate: str, key: str, intermediate: str) -> Signer:
    """A signer of PEM texts. Raises ValueError for what is none, or for a key of another kind."""
    try:
        opened = serialization.load_pem_private_key(key.encode(), None)
    except TypeError:
        raise ValueError("the key is protected by a password") from None
    if not isinstance(opened, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError("the key is neither RSA nor on an elliptic curve")
    return Signer(
        x509.load_pem_x509_certificate(certificate.encode()),
        opened,
        x509.load_pem_x509_certificate(intermediate.encode()),
    )
