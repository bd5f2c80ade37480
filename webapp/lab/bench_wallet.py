"""`bench wallet`: cards per CPU second, against wallet-py3k as it is shipped and against the bare
RSA signature that each of them needs; and how much is stored for a card.

All are made in one process from the same pictures and the same 22 languages, in turns.
"""

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from PIL import Image
from sqlalchemy import text
from wallet.models import Barcode, BarcodeFormat, Pass, StoreCard  # type: ignore[import-untyped]

from webapp.core.clock import SystemClock
from webapp.core.config import Settings
from webapp.core.context import Context
from webapp.core.inbox import PLATFORM
from webapp.core.programme import Named
from webapp.core.words import new_id
from webapp.demo.authority import Authority, make_authority
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, RegisterApp, SaveConnection
from webapp.features.orders.commands import import_files
from webapp.features.orders.messages import FileImport
from webapp.features.wallet import service
from webapp.features.wallet.domain import pass_json
from webapp.features.wallet.domain.archive import Template
from webapp.features.wallet.domain.images import apple_images
from webapp.features.wallet.domain.pass_json import Facts, Issuer, Look
from webapp.features.wallet.domain.signing import Signer, read_signer
from webapp.features.wallet.domain.words import language_files
from webapp.features.wallet.messages import ExportToWallet
from webapp.features.wallet.models import WalletExport
from webapp.lab.bench import BenchError, Result
from webapp.lab.stage import open_stage
from webapp.parts import Parts, build

ROUNDS, CARDS, STORED = 8, 100, 400
# One card takes wallet-py3k as long as many take us.
SLOWER = 10
SHOP = "bench.myshopify.com"
GOALS = {
    "ratio_to_wallet_py3k": (">=", 8.0),
    "ratio_to_rsa": (">=", 0.35),
    "bytes_stored_a_card": ("<=", 8_192.0),
}
NOTES = (
    "Cards with an icon and a strip (a picture as rich as a photograph) in three sizes and 22",
    "languages, each with its own points, serial, token and code. Ours: pass.json, manifest,",
    "CMS signature and archive of a card, from a template that was made once. wallet-py3k as it is",
    "shipped: the same files handed to its Pass, and its own `create`, which starts an openssl for",
    "each. rsa: one RSA-2048 signature of a manifest with the library that we sign with. All per",
    "CPU second of this process and its children, in one process, in turns.",
    "fetched: cards that a device asks for, by the use case with its database, per CPU second of",
    "this process alone. bytes_stored_a_card: tables with their indexes, each card on one device.",
)
LOOK = Look(
    shop="Nest & Bloom",
    shop_url="https://nest.example",
    background="#1f6f5c",
    foreground="#ffffff",
    label="#d9efe8",
    tier=True,
    next_reward=True,
    since=False,
    terms=True,
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all variants share."""

    authority: Authority
    signer: Signer
    files: Mapping[str, bytes]
    issuer: Issuer


def run(argv: list[str]) -> Result:
    """Measure all variants in turns. Raises BenchError when a card came out wrong."""
    options = parse(argv)
    bench = prepare()
    spent = {"ours": 0.0, "wallet_py3k": 0.0, "rsa": 0.0}
    made = dict.fromkeys(spent, 0)
    with tempfile.TemporaryDirectory() as folder:
        variants: Mapping[str, tuple[Callable[[int], bytes], int]] = {
            "ours": (ours(bench), CARDS),
            "wallet_py3k": (shipped(bench, Path(folder)), CARDS // SLOWER),
            "rsa": (rsa(bench), CARDS),
        }
        for make, _ in variants.values():
            make(0)
        for _ in range(options.rounds):
            for name, (make, number) in variants.items():
                began = cpu_seconds()
                for n in range(number):
                    make(n)
                spent[name] += cpu_seconds() - began
                made[name] += number
    rates = {name: made[name] / spent[name] for name in spent}
    stored, fetched = measure_application(bench.authority)
    figures = {
        "cards_per_cpu_second": rates["ours"],
        "wallet_py3k_cards_per_cpu_second": rates["wallet_py3k"],
        "rsa_signatures_per_cpu_second": rates["rsa"],
        "ratio_to_wallet_py3k": rates["ours"] / rates["wallet_py3k"],
        "ratio_to_rsa": rates["ours"] / rates["rsa"],
        "bytes_a_card": float(len(ours(bench)(1))),
        "bytes_stored_a_card": stored,
        "fetched_per_cpu_second": fetched,
    }
    return Result(figures, GOALS, NOTES)


def prepare() -> Bench:
    """The certificate, pictures and languages."""
    authority = make_authority(SystemClock().wall())
    names = {"en": "Gold", "de": "Gold", "ar": "ذهبي"}
    tiers, rewards = [Named("t1", names, "en")], [Named("r1", names, "en")]
    pictures = apple_images(LOOK.background, LOOK.foreground, None, photograph())
    languages = language_files(LOOK.shop, tiers, rewards, {"en": "Terms and conditions. " * 10})
    return Bench(
        authority,
        read_signer(authority.certificate, authority.private_key, authority.intermediate),
        {**pictures, **languages},
        Issuer(authority.pass_type_id, authority.team_id, "https://app.example/wallet"),
    )


def photograph() -> bytes:
    """A picture that compresses as badly as one that was taken."""
    grains = Image.effect_noise((141, 54), 60).resize((1125, 432), Image.Resampling.BICUBIC)
    written = io.BytesIO()
    grains.convert("RGB").save(written, "PNG")
    return written.getvalue()


def facts_of(n: int) -> Facts:
    code = f"ABCD{n:04}"
    return Facts(n, "t1", "r1", 10_000 - n, None, f"{LOOK.shop_url}/apps/loyalnest/r/{code}", code)


def ours(bench: Bench) -> Callable[[int], bytes]:
    template = Template(bench.files)

    def make(n: int) -> bytes:
        written = pass_json.pass_json(bench.issuer, f"wlt_{n:022}", "t" * 43, LOOK, facts_of(n))
        card = pass_json.encode(written)
        manifest = template.manifest(card)
        return template.assemble(card, manifest, bench.signer.sign(manifest))

    return make


def shipped(bench: Bench, folder: Path) -> Callable[[int], bytes]:
    """The library as its README uses it."""
    paths = {}
    for name in ("certificate", "private_key", "intermediate"):
        paths[name] = str(folder / f"{name}.pem")
        Path(paths[name]).touch(mode=0o600)
        Path(paths[name]).write_text(getattr(bench.authority, name))

    def make(n: int) -> bytes:
        facts = facts_of(n)
        front = StoreCard()
        front.addHeaderField("points", facts.points, "ln.points")
        front.addSecondaryField("tier", "ln.tier.t1", "ln.tier")
        front.addSecondaryField("next", "ln.reward.r1", "ln.next")
        front.addAuxiliaryField("missing", facts.missing, "ln.missing")
        front.addBackField("invite", facts.invite, "ln.invite")
        card = Pass(
            front,
            passTypeIdentifier=bench.issuer.pass_type_id,
            organizationName=LOOK.shop,
            teamIdentifier=bench.issuer.team_id,
        )
        card.serialNumber, card.description = f"wlt_{n:022}", "ln.title"
        card.barcode = Barcode(facts.invite, BarcodeFormat.QR)
        for name, content in bench.files.items():
            card.addFile(name, io.BytesIO(content))
        keys = (paths["certificate"], paths["private_key"], paths["intermediate"], "")
        created: io.BytesIO = card.create(*keys)
        return created.getvalue()

    return make


def rsa(bench: Bench) -> Callable[[int], bytes]:
    key, manifest = bench.signer.key, Template(bench.files).manifest(b"{}")
    if not isinstance(key, RSAPrivateKey):
        raise BenchError("The key is no RSA key.")
    return lambda n: key.sign(manifest, padding.PKCS1v15(), hashes.SHA256())


def measure_application(authority: Authority) -> tuple[float, float]:
    """(bytes stored for a card, cards fetched per CPU second)."""
    with open_stage() as stage:
        parts = build(Settings.from_env(stage.new_database("bench").environment))
        with parts.database.transaction(PLATFORM) as ctx:
            values = SaveConnection("apple_wallet", authority.apple_values())
            accounts.save_connection(ctx, values)
        merchant_id = fill(parts, stage.folder)
        size = stored_bytes(parts, merchant_id)
        began = time.process_time()
        with parts.database.transaction(merchant_id, readonly=True) as ctx:
            serials = list(ctx.db.scalars(text("select export_id from wallet_exports")))
        for serial in serials:
            with parts.database.transaction(merchant_id, readonly=True) as ctx:
                made = service.apple_pass(ctx, card(ctx, serial))
            if made.content[:2] != b"PK":
                raise BenchError("A card is no archive.")
        spent = time.process_time() - began
        parts.close()
    return size / STORED, STORED / spent


def fill(parts: Parts, folder: Path) -> str:
    """A merchant with members, each of whom has a card on a device; the merchant's id."""
    merchant_id, customers = new_id("mer_"), range(1, STORED + 1)
    with parts.database.transaction(merchant_id) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp("app_bench", "bench", "bench"))
        accounts.create_merchant(ctx, "Bench")
        accounts.connect_store(ctx, ConnectStore(SHOP, "app_bench", "USD", "UTC", "bench"))
    orders = folder / "orders.csv"
    lines = [f"{number},2026-01-05,9.00,USD" for number in customers]
    orders.write_text("\n".join(("customer_id,ordered_at,amount,currency", *lines)) + "\n")
    import_files(parts.database, FileImport(SHOP, (orders,), quiet=True))
    for number in customers:
        with parts.database.transaction(merchant_id) as ctx:
            service.export_to_wallet(ctx, ExportToWallet(str(number), "apple"))
    with parts.database.transaction(merchant_id) as ctx:
        for serial in ctx.db.scalars(text("select export_id from wallet_exports")).all():
            service.register(ctx, card(ctx, serial), new_id("device_"), "ab" * 32)
    return merchant_id


def card(ctx: Context, serial: str) -> WalletExport:
    return ctx.db.get_one(WalletExport, (ctx.merchant_id, serial))


def stored_bytes(parts: Parts, merchant_id: str) -> float:
    """What cards and devices take, with their indexes."""
    sql = """
        select sum(pg_total_relation_size(c.oid)) from pg_class c
        where c.relkind = 'r' and c.relname ~ '^wallet_(exports|registrations)'
    """
    with parts.database.transaction(merchant_id) as ctx:
        return float(ctx.db.scalar(text(sql)))


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp bench wallet", description="Measure what a card costs."
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="rounds (8)")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error("there must be at least one round")
    return options
