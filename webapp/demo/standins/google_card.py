"""Draws a card from what Google was told of it, in one of its languages, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from webapp.core import i18n
from webapp.demo.standins.exchange import as_mapping, inside
from webapp.features.wallet.domain.qr import qr_svg

STYLE = """
body{margin:0;background:#e8eaed;font:16px/1.4 system-ui,sans-serif;color:#202124}
main{max-width:360px;margin:1.5rem auto;padding:0 1rem}
.c{border-radius:18px;overflow:hidden;color:var(--ink);background:var(--card)}
.c header{display:flex;gap:.75rem;align-items:center;padding:1rem}
.c header img{width:40px;height:40px;border-radius:50%}
.c h1{font-size:1rem;margin:0}.c dl{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin:0;
padding:0 1rem 1rem}.c dt{font-size:.75rem;opacity:.85}.c dd{margin:0}.big dd{font-size:1.75rem}
.q{background:#fff;color:#202124;margin:0 auto 1rem;padding:.75rem;width:180px;border-radius:10px;
text-align:center}.q svg{width:100%;display:block}.hero{display:block;width:100%}
nav{display:flex;flex-wrap:wrap;gap:.25rem .6rem;margin-top:1rem;font-size:.8125rem}
.off{opacity:.45}
"""


def card_page(of: Mapping[str, Any], card: Mapping[str, Any], tag: str, token: str) -> str:
    """The page, which looks for changes every three seconds."""
    tag = i18n.negotiate(tag)
    colour = str(of.get("hexBackgroundColor") or "#1f6f5c")
    ink = "#fff" if _is_dark(colour) else "#202124"
    active = card.get("state") == "ACTIVE"
    links = "".join(
        f'<a href="/gp/v/save/{token}?hl={one}" lang="{one}">{escape(i18n.native_name(one))}</a>'
        for one in i18n.LOCALES
    )
    modules = [*_list(card, "textModulesData"), *_list(of, "textModulesData")]
    fields = "".join(
        f"<div><dt>{_said(one, 'localizedHeader', tag)}</dt>"
        f"<dd>{_said(one, 'localizedBody', tag)}</dd></div>"
        for one in modules
    )
    return (
        f'<html lang="{tag}" dir="{i18n.direction(tag)}"><meta http-equiv="refresh" content="3">'
        f"<title>Google Wallet (stand-in)</title><style>{STYLE}</style>"
        f"<main><p>Google Wallet (stand-in): {'saved' if active else 'not valid any more'}</p>"
        f'<div class="c{"" if active else " off"}" style="--card:{escape(colour)};--ink:{ink}">'
        f"<header>{_image(of, 'programLogo')}<h1>{escape(str(of.get('programName')))}</h1></header>"
        f"{''.join(_points(card, tag))}<dl>{fields}</dl>{_code(card)}"
        f"{_image(of, 'heroImage', 'hero')}</div><nav>{links}</nav></main>"
    )


def _points(card: Mapping[str, Any], tag: str) -> Iterator[str]:
    points = as_mapping(card.get("loyaltyPoints"))
    if points:
        balance = i18n.number(tag, int(str(inside(points, "balance", "int") or 0)))
        label = _said(points, "localizedLabel", tag)
        yield f'<dl class="big"><div><dt>{label}</dt><dd>{balance}</dd></div></dl>'


def _code(card: Mapping[str, Any]) -> str:
    barcode = as_mapping(card.get("barcode"))
    if not barcode:
        return ""
    size, _, path = qr_svg(str(barcode["value"])).partition(" ")
    drawn = f'<svg viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'
    return f'<div class="q">{drawn}{escape(str(barcode.get("alternateText", "")))}</div>'


def _said(of: Mapping[str, Any], name: str, tag: str) -> str:
    """A localised text in a language, else its default."""
    found = as_mapping(of.get(name))
    for one in _list(found, "translatedValues"):
        if one.get("language") == tag:
            return escape(str(one["value"]))
    return escape(str(inside(found, "defaultValue", "value") or ""))


def _image(of: Mapping[str, Any], name: str, kind: str = "") -> str:
    uri = inside(of.get(name), "sourceUri", "uri")
    return f'<img class="{kind}" src="{escape(str(uri))}" alt="">' if uri else ""


def _list(of: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = of.get(name)
    return [as_mapping(one) for one in found] if isinstance(found, list) else []


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 299 * red + 587 * green + 114 * blue < 150_000
