"""`python3 -m webapp build`: the catalogs, and the theme app extension from widgets and catalogs.

Written by hand: the widgets' `block.liquid`, and in `extensions/loyalnest` its toml, assets and
snippets. Built, and committed so that a clone can be deployed: blocks/ and locales/ there, and
everything in translations/ but the msgstr lines. Needs no npm; htmx is copied when it is there.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from webapp.core import catalogs, liquid_texts
from webapp.core.block_schema import with_shared_schema
from webapp.core.catalogs import Texts
from webapp.core.extension_validation import validate
from webapp.core.i18n import compile_catalogs

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = Path("extensions/loyalnest")
_HTMX = Path("node_modules/htmx.org/dist/htmx.min.js")
_NOTICE = (
    "{{%- comment -%}}\n"
    "  Built from {source} by `python3 -m webapp build`; change it there.\n"
    "{{%- endcomment -%}}\n"
)


@dataclass(frozen=True, slots=True)
class Build:
    """What should stand on disk (path below the root -> content), and what is wrong.

    With `faults` nothing may be written; `gaps` are texts that still have to be translated.
    """

    files: dict[Path, str]
    texts: Texts
    faults: list[str]
    gaps: list[str]


def _blocks(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(root.glob("webapp/features/*/widgets/*/block.liquid")):
        yield path.parent.name, path.relative_to(root)


def _liquid(root: Path) -> dict[Path, str]:
    """Source of every Liquid file that shows texts: the widgets' blocks and the snippets."""
    places = [path for _, path in _blocks(root)]
    places += [
        p.relative_to(root) for p in sorted((root / EXTENSION / "snippets").glob("*.liquid"))
    ]
    return {place: with_shared_schema((root / place).read_text("utf-8")) for place in places}


def prepare(root: Path = ROOT) -> Build:
    """Everything the build would write, without writing it."""
    texts, faults = catalogs.load(root)
    liquid = _liquid(root)
    keys: set[str] = set()
    merchant_keys: set[str] = set()
    for place, source in liquid.items():
        uses = list(liquid_texts.shown(source))
        faults += liquid_texts.faults(str(place), uses, texts)
        keys |= {use.key for use in uses}
        merchant_keys |= liquid_texts.schema_keys(source)
    faults += (
        f"{k} of a schema is declared nowhere" for k in sorted(merchant_keys - {*texts.entries})
    )
    names = [name for name, _ in _blocks(root)]
    faults += (
        f"two widgets are named {n}" for n in sorted({n for n in names if names.count(n) > 1})
    )
    if faults:
        return Build({}, texts, faults, [])
    files = {path.relative_to(root): text for path, text in texts.files(root).items()}
    for name, block in _blocks(root):
        notice = _NOTICE.format(source=block.as_posix())
        files[EXTENSION / "blocks" / f"{name}.liquid"] = notice + liquid[block]
    for name, text in liquid_texts.locale_files(keys, merchant_keys, texts).items():
        files[EXTENSION / "locales" / name] = text
    return Build(files, texts, [], texts.problems())


def _left_over(root: Path, files: dict[Path, str]) -> list[Path]:
    """Files in the built folders that the build does not make any more."""
    folders = (EXTENSION / "blocks", EXTENSION / "locales", Path("translations"))
    found = [p.relative_to(root) for f in folders for p in sorted((root / f).rglob("*"))]
    return [p for p in found if p.suffix in {".liquid", ".json", ".po"} and p not in files]


def _stale(root: Path, files: dict[Path, str]) -> list[Path]:
    def differs(path: Path) -> bool:
        return not (root / path).exists() or (root / path).read_text("utf-8") != files[path]

    return [path for path in sorted(files) if differs(path)]


def write(root: Path, build: Build) -> list[Path]:
    """Bring the disk up to date; the paths that changed. Files that are right stay untouched."""
    changed = _stale(root, build.files)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(build.files[path], "utf-8")
    gone = _left_over(root, build.files)
    for path in gone:
        (root / path).unlink()
    return changed + gone


def copy_htmx(root: Path) -> bool:
    """Put the installed htmx among the assets (not committed); False when it is not installed. A
    file that is right stays untouched, and whoever serves it meanwhile finds it whole."""
    if not (root / _HTMX).exists():
        return False
    target, content = root / EXTENSION / "assets" / _HTMX.name, (root / _HTMX).read_bytes()
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=root / _HTMX.parent, delete=False) as beside:
            beside.write(content)
        Path(beside.name).chmod(0o644)
        Path(beside.name).replace(target)
    return True


def check(root: Path = ROOT) -> list[str]:
    """Everything that is stale, missing, fuzzy, unlike its source, or that Shopify would refuse."""
    build = prepare(root)
    if build.faults:
        return build.faults
    found = [f"{p}: stale, run `python3 -m webapp build`" for p in _stale(root, build.files)]
    found += [
        f"{p}: left over, run `python3 -m webapp build`" for p in _left_over(root, build.files)
    ]
    return found + build.gaps + validate(root / EXTENSION)


def run(root: Path = ROOT) -> list[str]:
    """Build; the faults for which it failed. Says on standard output what it did."""
    build = prepare(root)
    if build.faults:
        return build.faults
    changed = write(root, build)
    for path in changed:
        print(f"wrote {path}" if path in build.files else f"removed {path}")
    if not copy_htmx(root):
        print(f"left out {EXTENSION / 'assets' / _HTMX.name}: htmx is not installed (npm ci)")
    print(f"{len(build.texts.entries)} texts, {len(build.texts.said)} languages, {_size(build)}")
    if build.gaps:
        print(f"{len(build.gaps)} translations are missing or wrong; `build --check` lists them")
    if root == ROOT:
        compile_catalogs()
    return validate(root / EXTENSION)


def _size(build: Build) -> str:
    blocks = sum(path.suffix == ".liquid" for path in build.files)
    return f"{blocks} block{'s' * (blocks != 1)}"


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when all is well, 1 with a list on standard error when it is not."""
    parser = argparse.ArgumentParser(prog="python3 -m webapp build", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if anything is wrong"
    )
    asked = parser.parse_args(argv)
    problems = check(root) if asked.check else run(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if asked.check and not problems:
        print("catalogs and extension are complete and fresh")
    return 1 if problems else 0
