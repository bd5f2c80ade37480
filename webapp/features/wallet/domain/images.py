"""The pictures of cards, in the sizes of the slots that Wallets have.

No picture holds a word: it would need every language and its letters, and nobody would read it out.
Sources: apple/pass-builder for Apple's slots (in points; @2x and @3x are pixels of denser screens);
developers.google.com/wallet, brand guidelines, for Google's.
"""

import io

from PIL import Image, ImageDraw, ImageOps

from webapp.core.errors import AppError
from webapp.features.wallet.domain.failures import PICTURE_REFUSED

MOST_UPLOAD_BYTES = 600_000
MOST_PIXELS = 16_000_000
KINDS = ("PNG", "JPEG", "WEBP")
# What is kept of an upload: no slot is larger.
KEPT = {"logo": (660, 660), "strip": (1125, 432)}
SMALLEST = 30
ICON, LOGO, STRIP = (38, 38), (160, 50), (375, 144)
SCALES = (1, 2, 3)
GOOGLE_LOGO, GOOGLE_HERO, GOOGLE_MARGIN = (660, 660), (1032, 336), 0.15
# What is raised for files that are none, or broken, or would fill the memory; the last is a warning
# unless somebody makes errors of warnings.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
# Drawn so many times larger, and made smaller, edges are smooth.
_FINER = 4


def taken(upload: bytes, name: str) -> bytes:
    """What is kept of an uploaded `logo` or `strip`: a PNG that fits, without whatever else the
    file said. Raises AppError(picture_refused)."""
    if not 0 < len(upload) <= MOST_UPLOAD_BYTES:
        raise AppError(PICTURE_REFUSED)
    try:
        with Image.open(io.BytesIO(upload), formats=KINDS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise AppError(PICTURE_REFUSED)
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except _UNREADABLE:
        raise AppError(PICTURE_REFUSED) from None
    if min(picture.size) < SMALLEST:
        raise AppError(PICTURE_REFUSED)
    if name == "strip":
        picture = ImageOps.fit(picture, KEPT[name], Image.Resampling.LANCZOS)
    picture.thumbnail(KEPT[name], Image.Resampling.LANCZOS)
    return _png(picture)


def apple_images(
    background: str, foreground: str, logo: bytes | None, strip: bytes | None
) -> dict[str, bytes]:
    """File name -> PNG of every slot: an icon always, the logo where there is one, a strip."""
    mark = _opened(logo) if logo else None
    banner = _opened(strip) if strip else None
    found: dict[str, bytes] = {}
    for scale in SCALES:
        suffix = "" if scale == 1 else f"@{scale}x"
        found[f"icon{suffix}.png"] = _png(_icon(_times(ICON, scale), background, foreground, mark))
        size = _times(STRIP, scale)
        found[f"strip{suffix}.png"] = _png(_banner(size, background, foreground, banner))
        if mark:
            fitted = mark.copy()
            fitted.thumbnail(_times(LOGO, scale), Image.Resampling.LANCZOS)
            found[f"logo{suffix}.png"] = _png(fitted)
    return found


def google_logo(background: str, foreground: str, logo: bytes | None) -> bytes:
    """The logo as Google shows it: it is cut to a circle, hence its margin."""
    mark = _opened(logo) if logo else None
    return _png(_icon(GOOGLE_LOGO, background, foreground, mark, GOOGLE_MARGIN))


def google_hero(background: str, foreground: str, strip: bytes | None) -> bytes:
    """The picture across the card as Google shows it."""
    return _png(_banner(GOOGLE_HERO, background, foreground, _opened(strip) if strip else None))


def _icon(
    size: tuple[int, int],
    background: str,
    foreground: str,
    mark: Image.Image | None,
    margin: float = 0.1,
) -> Image.Image:
    """The logo on the card's colour, or a mark of our own."""
    icon = Image.new("RGBA", size, background)
    room = tuple(round(side * (1 - 2 * margin)) for side in size)
    fitted = mark.copy() if mark else _nest((room[0], room[1]), foreground)
    fitted.thumbnail((room[0], room[1]), Image.Resampling.LANCZOS)
    at = tuple((side - inner) // 2 for side, inner in zip(size, fitted.size, strict=True))
    icon.alpha_composite(fitted, (at[0], at[1]))
    return icon.convert("RGB")


def _nest(size: tuple[int, int], colour: str) -> Image.Image:
    """An egg in a nest."""
    wide, high = size[0] * _FINER, size[1] * _FINER
    drawn = Image.new("RGBA", (wide, high), (0, 0, 0, 0))
    draw = ImageDraw.Draw(drawn)
    line = max(1, wide // 14)
    draw.ellipse((wide * 0.36, high * 0.16, wide * 0.64, high * 0.54), fill=colour)
    for inset, top in ((0.10, 0.30), (0.22, 0.36), (0.34, 0.42)):
        box = (wide * inset, high * top, wide * (1 - inset), high * (1.16 - top))
        draw.arc(box, 12, 168, fill=colour, width=line)
    return drawn.resize(size, Image.Resampling.LANCZOS)


def _banner(
    size: tuple[int, int], background: str, foreground: str, own: Image.Image | None
) -> Image.Image:
    if own is None:
        return _pattern(size, background, foreground)
    return ImageOps.fit(own, size, Image.Resampling.LANCZOS)


def _pattern(size: tuple[int, int], background: str, foreground: str) -> Image.Image:
    """Quiet discs in shades between the two colours."""
    wide, high = size[0] * 2, size[1] * 2
    drawn = Image.new("RGB", (wide, high), background)
    draw = ImageDraw.Draw(drawn)
    for across, down, radius, share in (
        (0.92, 0.10, 0.52, 0.10),
        (0.74, 1.02, 0.42, 0.16),
        (0.10, 1.10, 0.34, 0.08),
    ):
        x, y, r = wide * across, high * down, wide * radius / 2
        draw.ellipse((x - r, y - r, x + r, y + r), fill=_between(background, foreground, share))
    return drawn.resize(size, Image.Resampling.LANCZOS)


def _between(one: str, other: str, share: float) -> tuple[int, int, int]:
    mixed = [
        round(int(one[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    ]
    return mixed[0], mixed[1], mixed[2]


def _times(size: tuple[int, int], scale: int) -> tuple[int, int]:
    return size[0] * scale, size[1] * scale


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")


def _png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()
