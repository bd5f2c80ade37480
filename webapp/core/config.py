"""Settings: the only reader of the environment.

Every process is built from one `Settings` value, so that what a process depends on can be read
in one place and tests can build it from a plain mapping.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

KEY_BYTES = 32
# Where the outside services are; LOYALNEST_<SERVICE>_URL names another place, e.g. a stand-in.
SERVICE_URLS = {
    "klaviyo": "https://a.klaviyo.com",
    "postscript": "https://api.postscript.io",
    "posthog": "https://us.i.posthog.com",
    "slack": "https://slack.com",
    "xai": "https://api.x.ai",
    "partner": "https://partners.shopify.com",
    "storage": "https://s3.{region}.amazonaws.com",
    "apple_push": "https://api.push.apple.com",
    "google_wallet": "https://walletobjects.googleapis.com",
    "google_pay": "https://pay.google.com",
}


class ConfigurationError(Exception):
    """A setting is missing or malformed; the message names it and says what it should look like."""

    for_people = True


@dataclass(frozen=True, slots=True)
class Settings:
    """What a LoyalNest process needs to know before it starts.

    `encryption_keys` maps key id to 32 raw bytes; the first entry encrypts, all of them decrypt.
    `shopify_admin_url` holds `{shop}`, replaced by the shop domain; `service_urls` has the address
    of each service of SERVICE_URLS, and that of storage may hold `{region}`. `clock_file` is set
    only where the business clock may be moved (the demo); it holds `{"offset_seconds": int}`.
    `calls_a_minute` is what each service key may do. `slack_signing_secrets` are those that Slack
    may sign with, two during a rotation; without one no event of Slack's is taken.
    `forwarded_hops` says whose word of X-Forwarded-For is taken for a shopper's address: the one so
    many places from its end, which is as many as there are proxies between the shopper and us that
    each add whom they were asked by. What stands further left, the shopper may have made up.
    `trusted_ca` is a PEM file of an authority that vouches for a stand-in of Apple's (the demo).
    """

    database_url: str
    redis_url: str
    secret_key: str
    encryption_keys: Mapping[str, bytes]
    base_url: str
    shopify_admin_url: str
    clock_file: Path | None
    calls_a_minute: int
    slack_signing_secrets: tuple[str, ...] = ()
    forwarded_hops: int = 1
    service_urls: Mapping[str, str] = field(default_factory=lambda: SERVICE_URLS)
    trusted_ca: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; raises ConfigurationError naming every missing variable at once."""
        env = os.environ if environ is None else environ
        wanted = (
            "DATABASE_URL",
            "REDIS_URL",
            "LOYALNEST_SECRET_KEY",
            "LOYALNEST_ENCRYPTION_KEYS",
        )
        missing = [name for name in wanted if not env.get(name)]
        if missing:
            raise ConfigurationError(
                f"Set {', '.join(missing)}; `python3 -m webapp demo` sets them all for a local run."
            )
        clock_file = env.get("LOYALNEST_CLOCK_FILE")
        trusted_ca = env.get("LOYALNEST_TRUSTED_CA")
        return cls(
            database_url=env["DATABASE_URL"],
            redis_url=env["REDIS_URL"],
            secret_key=env["LOYALNEST_SECRET_KEY"],
            encryption_keys=parse_encryption_keys(env["LOYALNEST_ENCRYPTION_KEYS"]),
            base_url=env.get("LOYALNEST_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
            shopify_admin_url=env.get("LOYALNEST_SHOPIFY_ADMIN_URL", "https://{shop}"),
            service_urls={
                service: (env.get(f"LOYALNEST_{service.upper()}_URL") or url).rstrip("/")
                for service, url in SERVICE_URLS.items()
            },
            clock_file=Path(clock_file) if clock_file else None,
            calls_a_minute=parse_count("LOYALNEST_CALLS_A_MINUTE", env, 600),
            slack_signing_secrets=parse_list(env.get("LOYALNEST_SLACK_SIGNING_SECRETS", "")),
            forwarded_hops=parse_count("LOYALNEST_FORWARDED_HOPS", env, 1),
            trusted_ca=Path(trusted_ca) if trusted_ca else None,
        )


def parse_list(value: str) -> tuple[str, ...]:
    """`a,b` -> (a, b); empty parts are left out."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def parse_count(name: str, env: Mapping[str, str], default: int) -> int:
    """A whole number above zero; raises ConfigurationError."""
    written = env.get(name, str(default))
    if not (written.isascii() and written.isdigit() and 0 < int(written) <= 1_000_000):
        raise ConfigurationError(f"{name} must be a whole number from 1 to 1000000.")
    return int(written)


def parse_encryption_keys(value: str) -> dict[str, bytes]:
    """`id:base64,id:base64` -> {id: 32 bytes}, newest first; raises ConfigurationError."""
    keys: dict[str, bytes] = {}
    for item in value.split(","):
        key_id, _, encoded = item.strip().partition(":")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raw = b""
        if not key_id or len(key_id) > 16 or len(raw) != KEY_BYTES:
            raise ConfigurationError(
                "LOYALNEST_ENCRYPTION_KEYS must read id:base64[,id:base64...] "
                "with 32 bytes a key and ids of at most 16 characters."
            )
        keys[key_id] = raw
    return keys
