"""The keys by which cards are made: the platform's own, opened once for each process."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from webapp.core.connections import Credentials, credentials
from webapp.core.context import Context
from webapp.core.errors import AppError
from webapp.features.wallet.domain.certificates import (
    Problem,
    apple_problems,
    google_problems,
    read_rsa_key,
    service_account,
)
from webapp.features.wallet.domain.failures import WALLET_UNAVAILABLE
from webapp.features.wallet.domain.pass_json import Issuer
from webapp.features.wallet.domain.signing import Signer, read_signer

APPLE, GOOGLE = "apple_wallet", "google_wallet"
SERVICES = {"apple": APPLE, "google": GOOGLE}
# Where Apple's devices ask, below the address of the web application; they add `/v1/` themselves.
SERVICE_PATH = "/wallet"
_MOST_KEYS = 4
BAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class GoogleKey:
    """Google's issuer, and the account that acts for it."""

    issuer_id: str
    account: str
    private_key: RSAPrivateKey = field(repr=False)


# By the name of the very key (`Credentials.ref`): reading one takes longer than all else.
_signers: OrderedDict[str, Signer] = OrderedDict()
_google_keys: OrderedDict[str, GoogleKey] = OrderedDict()
# Until when (time.monotonic) a key is known to be bad, for looking it over takes as long.
_bad: OrderedDict[str, float] = OrderedDict()


def problems(ctx: Context, wallet_type: str) -> list[Problem]:
    """What is wrong with the keys for a kind of wallet."""
    found = credentials(ctx, SERVICES[wallet_type])
    values = found.values if found else {}
    if wallet_type == "google":
        return list(google_problems(values))
    return list(apple_problems(values, ctx.wall, production=is_production(ctx)))


def is_production(ctx: Context) -> bool:
    """Whether telephones other than those of people who develop are served."""
    return ctx.base_url.startswith("https://")


def can_export(ctx: Context, wallet_type: str) -> bool:
    """Whether cards of this kind can be made now."""
    try:
        demand(ctx, wallet_type)
    except AppError:
        return False
    return True


def demand(ctx: Context, wallet_type: str) -> None:
    """Raise AppError(wallet_unavailable) unless cards of this kind can be made now."""
    if wallet_type == "google":
        google_key(google_credentials(ctx))
    else:
        signer_of(apple_credentials(ctx), ctx.wall, production=is_production(ctx))


def apple_credentials(ctx: Context) -> Credentials:
    """Apple's key. Raises AppError(wallet_unavailable)."""
    return _found(ctx, APPLE)


def google_credentials(ctx: Context) -> Credentials:
    """Google's key. Raises AppError(wallet_unavailable)."""
    return _found(ctx, GOOGLE)


def issuer_of(ctx: Context, key: Credentials) -> Issuer:
    """Whose cards they are at Apple."""
    values = key.values
    return Issuer(values["pass_type_id"], values["team_id"], f"{ctx.base_url}{SERVICE_PATH}")


def signer_of(key: Credentials, wall: datetime, *, production: bool) -> Signer:
    """Who signs with Apple's key. Raises AppError(wallet_unavailable) for a key that is not good,
    or not good any more."""
    signer = _signers.get(key.ref)
    if signer is None:
        if _bad.get(key.ref, 0.0) > time.monotonic():
            raise AppError(WALLET_UNAVAILABLE)
        found = apple_problems(key.values, wall, production=production)
        if any(problem.fatal for problem in found):
            _keep(_bad, key.ref, time.monotonic() + BAD_SECONDS)
            raise AppError(WALLET_UNAVAILABLE)
        names = ("certificate", "private_key", "intermediate")
        signer = read_signer(*(key.values[name] for name in names))
        _keep(_signers, key.ref, signer)
    for certificate in (signer.certificate, signer.intermediate):
        if certificate.not_valid_after_utc <= wall:
            raise AppError(WALLET_UNAVAILABLE)
    return signer


def google_key(key: Credentials) -> GoogleKey:
    """What a link is signed with. Raises AppError(wallet_unavailable) for a key that is none."""
    kept = _google_keys.get(key.ref)
    if kept is None:
        if any(problem.fatal for problem in google_problems(key.values)):
            raise AppError(WALLET_UNAVAILABLE)
        account = service_account(key.values["service_account"])
        opened = read_rsa_key(account["private_key"])
        kept = GoogleKey(key.values["issuer_id"], account["client_email"], opened)
        _keep(_google_keys, key.ref, kept)
    return kept


def _keep(kept: OrderedDict[str, Any], ref: str, value: object) -> None:
    kept[ref] = value
    while len(kept) > _MOST_KEYS:
        kept.popitem(last=False)


def _found(ctx: Context, service: str) -> Credentials:
    found = credentials(ctx, service)
    if found is None:
        raise AppError(WALLET_UNAVAILABLE)
    return found


def pass_type_of(ctx: Context) -> str | None:
    """The pass type that cards at Apple have; None without a key."""
    found = credentials(ctx, APPLE)
    return found.values["pass_type_id"] if found else None
