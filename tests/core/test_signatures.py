"""Signatures of what others send us: published vectors, and everything that must be refused."""

import base64
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from tests.factories import SECRET, Tenant, signed_query
from webapp.core import signatures, tenancy
from webapp.core.errors import AppError

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = '{"id": 820982911946154508, "email": "jon@example.com", "note": "ö"}'.encode()
TENANT = Tenant("mer_1", "sto_1", "shop-1.myshopify.com")
MUTATIONS = 1_000
# RFC 4231, test case 2.
RFC = ("Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7")
# docs.slack.dev, "Verifying requests from Slack".
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    b"803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_webhook_signature_is_hmac_sha256_in_base64() -> None:
    secret, body, start = RFC
    signature = signatures.shopify_signature(body, secret)
    assert base64.b64decode(signature, validate=True).hex().startswith(start)
    signatures.verify_shopify(body, signature, [secret])


def test_slack_vector_is_reproduced() -> None:
    assert signatures.slack_signature(SLACK_BODY, "1531420618", SLACK_SECRET) == SLACK_SIGNATURE
    at = datetime.fromtimestamp(1531420618, UTC)
    signatures.verify_slack(SLACK_BODY, "1531420618", SLACK_SIGNATURE, [SLACK_SECRET], at)


def webhook(signature: str, body: bytes) -> None:
    signatures.verify_shopify(body, signature, ["newer", SECRET])


def slack(signature: str, body: bytes) -> None:
    signatures.verify_slack(body, STAMP, signature, ["newer", SECRET], NOW)


KINDS = {
    "webhook and Flow": (webhook, signatures.shopify_signature(BODY, SECRET)),
    "Slack": (slack, signatures.slack_signature(BODY, STAMP, SECRET)),
}


def mutated(chance: random.Random, signature: str, body: bytes) -> tuple[str, bytes]:
    """The same request with one thing changed: a bit or the length of body or signature, the case
    of a letter, a whole other signature."""
    at, where = chance.randrange(len(signature)), chance.randrange(len(body))
    bit = 1 << chance.randrange(8)
    return chance.choice(
        [
            (signature, body[:where] + bytes([body[where] ^ bit]) + body[where + 1 :]),
            (signature, body[:where] + body[where + 1 :]),
            (signature, body + bytes([chance.randrange(256)])),
            (signature[:at] + chr(ord(signature[at]) ^ bit) + signature[at + 1 :], body),
            (signature[:at], body),
            (signature[:at] + signature[at].swapcase() + signature[at + 1 :], body),
            (signature + chance.choice("= \n\0Aé"), body),
            (signatures.shopify_signature(body, f"{SECRET}{at}"), body),
            (signatures.slack_signature(body, STAMP, f"{SECRET}{at}"), body),
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_mutated_requests_are_refused(kind: str) -> None:
    verify, signature = KINDS[kind]
    verify(signature, BODY)
    chance = random.Random(2026)  # noqa: S311 - it makes test data, not secrets
    tried = 0
    while tried < MUTATIONS:
        changed = mutated(chance, signature, BODY)
        if changed == (signature, BODY):
            continue
        tried += 1
        with pytest.raises(AppError, match="signature_invalid"):
            verify(*changed)


def test_a_thousand_mutated_proxy_queries_are_refused() -> None:
    query = signed_query(TENANT, NOW, "42", locale="de")
    pairs = parse_qsl(query, keep_blank_values=True)
    chance = random.Random(2026)  # noqa: S311 - it makes test data, not secrets
    tried = 0
    while tried < MUTATIONS:
        at = chance.randrange(len(query))
        letter = chr(ord(query[at]) ^ (1 << chance.randrange(7)))
        changed = chance.choice(
            [query[:at] + letter + query[at + 1 :], query[:at] + query[at + 1 :]]
        )
        if parse_qsl(changed, keep_blank_values=True) == pairs:
            continue
        tried += 1
        with pytest.raises(AppError):
            tenancy.verify_proxy_request(changed, [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[SECRET], ["newer", SECRET], [SECRET, "older"]])
@pytest.mark.parametrize("kind", KINDS)
def test_either_secret_is_good_during_a_rotation(kind: str, secrets: list[str]) -> None:
    signature = KINDS[kind][1]
    if kind == "Slack":
        signatures.verify_slack(BODY, STAMP, signature, secrets, NOW)
    else:
        signatures.verify_shopify(BODY, signature, secrets)


@pytest.mark.parametrize("secret", ["the secret of a shop that we do not know", ""])
def test_no_secret_means_no_access_whatever_is_signed_with(secret: str) -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        signatures.verify_shopify(BODY, signatures.shopify_signature(BODY, secret), [])
    with pytest.raises(AppError, match="signature_invalid"):
        given = signatures.slack_signature(BODY, STAMP, secret)
        signatures.verify_slack(BODY, STAMP, given, [], NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_slack_request_older_or_newer_than_five_minutes_is_refused(seconds: int) -> None:
    given = signatures.slack_signature(BODY, STAMP, SECRET)
    with pytest.raises(AppError, match="signature_expired"):
        signatures.verify_slack(BODY, STAMP, given, [SECRET], NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("stamp", ["", "now", "1.5e9", "-1", "١٧٧٣٤٨٩٦٠٠", "9" * 13, " 1"])
def test_slack_time_that_is_no_number_is_refused(stamp: str) -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        given = signatures.slack_signature(BODY, stamp, SECRET)
        signatures.verify_slack(BODY, stamp, given, [SECRET], NOW)


def test_slack_body_that_is_not_utf8_is_refused_although_it_is_signed() -> None:
    body = b'{"type": "\xff"}'
    given = signatures.slack_signature(body, STAMP, SECRET)
    with pytest.raises(AppError, match="signature_invalid"):
        signatures.verify_slack(body, STAMP, given, [SECRET], NOW)
