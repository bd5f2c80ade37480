"""Cards at Apple: what is in the archive, judged by OpenSSL, the format's rules and a QR reader."""

import hashlib
import io
import json
import subprocess
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.factories import signed_query
from tests.features.wallet.holding import Holding, files_of, strings_of
from webapp.core.clock import SystemClock
from webapp.core.i18n import LOCALES
from webapp.core.programme import Named
from webapp.demo.authority import Authority, make_authority
from webapp.features.wallet.domain import pass_json, words
from webapp.features.wallet.domain.archive import Template
from webapp.features.wallet.domain.pass_json import Facts, Issuer, Look
from webapp.features.wallet.domain.qr import qr_svg
from webapp.features.wallet.domain.signing import Signer, read_signer

ISSUER = Issuer("pass.dev.loyalnest.card", "DEVTEAM001", "https://app.example/wallet")
LOOK = Look(
    shop='Nest "& Bloom" \\ 🌿',
    shop_url="https://nest.example",
    background="#1f6f5c",
    foreground="#ffffff",
    label="#d9efe8",
    tier=True,
    next_reward=True,
    since=True,
    terms=True,
)
FACTS = Facts(
    points=1_250,
    tier="t1",
    next_reward="r1",
    missing=250,
    since=date(2025, 3, 9),
    invite="https://nest.example/apps/loyalnest/r/ABCD-EFGH",
    code="ABCD-EFGH",
)


def card_of(facts: Facts | None = FACTS, look: Look = LOOK) -> dict[str, object]:
    return pass_json.pass_json(ISSUER, "wlt_" + "s" * 22, "t" * 43, look, facts)


def signer_of(authority: Authority) -> Signer:
    return read_signer(authority.certificate, authority.private_key, authority.intermediate)


def openssl_says(folder: Path, authority: Authority, manifest: bytes, signature: bytes) -> str:
    """What OpenSSL says of a signature; Apple's certificates need `-purpose any` as well."""
    for name, content in (
        ("root.pem", authority.root.encode()),
        ("manifest.json", manifest),
        ("signature", signature),
    ):
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature"),
            *("-content", "manifest.json", "-CAfile", "root.pem", "-purpose", "any"),
            *("-out", "verified"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return "good" if done.returncode == 0 else done.stderr


def test_openssl_takes_the_signature_and_no_other_manifest(
    shop: Holding, authority: Authority, tmp_path: Path
) -> None:
    files = files_of(shop.card())
    manifest, signature = files["manifest.json"], files["signature"]
    assert openssl_says(tmp_path, authority, manifest, signature) == "good"
    flipped = bytes((manifest[0] ^ 1,)) + manifest[1:]
    assert "verification fail" in openssl_says(tmp_path, authority, flipped, signature)
    broken = signature[:-1] + bytes((signature[-1] ^ 1,))
    assert openssl_says(tmp_path, authority, manifest, broken) != "good"


def test_lines_of_a_manifest_are_signed_as_they_are(authority: Authority, tmp_path: Path) -> None:
    manifest = b'{\n  "pass.json": "00"\n}\n'
    signature = signer_of(authority).sign(manifest)
    assert openssl_says(tmp_path, authority, manifest, signature) == "good"


def test_the_manifest_has_the_hash_of_every_file(shop: Holding) -> None:
    files = files_of(shop.card())
    hashes = json.loads(files["manifest.json"])
    assert hashes.keys() == files.keys() - {"manifest.json", "signature"}
    for name, told in hashes.items():
        assert told == hashlib.sha1(files[name]).hexdigest(), name  # noqa: S324 - the format's


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.(png|strings)", fullmatch=True),
        st.binary(max_size=2_000),
        max_size=6,
    ),
    st.binary(min_size=1, max_size=3_000),
    st.binary(min_size=1, max_size=300),
)
def test_any_template_becomes_an_archive_that_others_read(
    shared: dict[str, bytes], card: bytes, signature: bytes
) -> None:
    template = Template(shared)
    manifest = template.manifest(card)
    content = template.assemble(card, manifest, signature)
    own = {"pass.json": card, "manifest.json": manifest, "signature": signature}
    assert files_of(content) == {**shared, **own}
    json.loads(manifest)
    assert template.assemble(card, manifest, signature) == content


def test_a_card_is_a_store_card_with_four_fields_below_the_strip() -> None:
    written = card_of()
    front = written["storeCard"]
    assert isinstance(front, dict)
    (points,) = front["headerFields"]
    assert points == {
        "key": "points",
        "value": 1_250,
        "label": "ln.points",
        "changeMessage": "ln.points.changed",
        "numberStyle": "PKNumberStyleDecimal",
    }
    below = [*front["secondaryFields"], *front["auxiliaryFields"]]
    assert [one["value"] for one in below] == [
        "ln.tier.t1",
        "ln.reward.r1",
        250,
        "2025-03-09T00:00:00Z",
    ]
    assert written["sharingProhibited"] is True
    assert written["barcodes"] == [
        {
            "format": "PKBarcodeFormatQR",
            "message": FACTS.invite,
            "messageEncoding": "iso-8859-1",
            "altText": "ABCD-EFGH",
        }
    ]
    assert "barcode" not in written and "userInfo" not in written
    assert "textAlignment" not in json.dumps(written)
    assert '""' not in json.dumps(written)


def test_a_void_card_says_nothing_of_anybody() -> None:
    written = json.dumps(card_of(None))
    assert '"voided": true' in written
    for said in ("1250", "ABCD", "ln.tier", "barcodes", "headerFields"):
        assert said not in written


def test_names_survive_whatever_is_in_them() -> None:
    names = {"en": 'Gold "\\" 🥇\nnew\r\nline', "ar": "ذهبي \"'", "he": 'זהב; = "x";'}
    tiers = [Named("t1", names, "en")]
    files = words.language_files(LOOK.shop, tiers, [], {"ar": "الشروط"})
    assert len(files) == len(LOCALES)
    for tag in LOCALES:
        content = files[f"{words.folder(tag)}/pass.strings"]
        assert not content.startswith(b"\xef\xbb\xbf")
        said = strings_of(content)
        wanted = names.get(tag, names["en"]).replace("\r\n", "\n")
        assert said["ln.tier.t1"] == wanted
        assert "%@" in said["ln.points.changed"] and "%@" in said["ln.tier.changed"]
        assert LOOK.shop in said["ln.title"]
        assert said["ln.terms.text"] == "الشروط"


def test_every_key_of_a_card_is_in_every_language(shop: Holding) -> None:
    shop.reward(points=2_000)
    files = files_of(shop.card())
    written = files["pass.json"].decode()
    used = {f"ln.{part.partition(chr(34))[0]}" for part in written.split('"ln.')[1:]}
    assert {"ln.points", "ln.next", "ln.missing", "ln.title"} <= used
    for tag in LOCALES:
        said = strings_of(files[f"{words.folder(tag)}/pass.strings"])
        assert used <= said.keys(), tag
        assert all(said[key] for key in used), tag
    assert "zh-Hans.lproj/pass.strings" in files


def test_the_code_leads_to_the_page_of_invitations(shop: Holding) -> None:
    barcode = shop.pass_json()["barcodes"][0]
    size, _, path = qr_svg(barcode["message"]).partition(" ")
    assert zxingcpp.read_barcodes(drawn(int(size), path))[0].text == barcode["message"]
    prefix = f"https://{shop.tenant.shop}/apps/loyalnest/r/"
    assert barcode["message"] == prefix + barcode["altText"]
    query = signed_query(shop.tenant, shop.clock.at, locale="en")
    page = shop.web.get(f"/proxy/r/{barcode['altText']}?{query}")
    assert page.status_code == 200
    assert "X-LoyalNest-Error" not in page.headers


def drawn(size: int, path: str) -> Image.Image:
    """The path of a code as a picture."""
    scale = 4
    picture = Image.new("L", (size * scale, size * scale), 255)
    for part in path.removesuffix("z").split("z"):
        at, _, run = part.removeprefix("M").partition("h")
        x, y = (int(number) for number in at.split())
        wide = int(run.partition("v")[0])
        picture.paste(0, (x * scale, y * scale, (x + wide) * scale, (y + 1) * scale))
    return picture


def test_pictures_fill_the_slots_of_apple(shop: Holding) -> None:
    files = files_of(shop.card())
    sizes = {
        name: Image.open(io.BytesIO(content)).size
        for name, content in files.items()
        if name.endswith(".png")
    }
    assert sizes == {
        "icon.png": (38, 38),
        "icon@2x.png": (76, 76),
        "icon@3x.png": (114, 114),
        "strip.png": (375, 144),
        "strip@2x.png": (750, 288),
        "strip@3x.png": (1125, 432),
    }


def test_archives_are_small_and_differ_only_in_their_own_files(shop: Holding) -> None:
    shop.credit(shop.member("8"), 30)
    one, other = shop.card("7"), shop.card("8")
    first, second = files_of(one), files_of(other)
    assert {n for n in first if first[n] != second[n]} == {
        "pass.json",
        "manifest.json",
        "signature",
    }
    assert len(one) < 400_000
    assert zipfile.is_zipfile(io.BytesIO(one))


def test_keys_on_elliptic_curves_sign_as_well(tmp_path: Path) -> None:
    key, folder = "key.pem", tmp_path
    for command in (
        f"openssl ecparam -name prime256v1 -genkey -noout -out {key}",
        f"openssl req -x509 -new -key {key} -subj /CN=Curve -days 2 -out root.pem",
        f"openssl pkcs8 -topk8 -nocrypt -in {key} -out key8.pem",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    root = (folder / "root.pem").read_text()
    signer = read_signer(root, (folder / "key8.pem").read_text(), root)
    curve = replace(make_authority(SystemClock().wall()), root=root)
    assert openssl_says(folder, curve, b"{}", signer.sign(b"{}")) == "good"


def test_the_authority_vouches_for_the_pass_certificate(tmp_path: Path) -> None:
    made = make_authority(SystemClock().wall(), organisation="Apple Inc.")
    (tmp_path / "chain.pem").write_text(made.intermediate)
    (tmp_path / "root.pem").write_text(made.root)
    (tmp_path / "leaf.pem").write_text(made.certificate)
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "leaf.pem: OK", done.stderr
