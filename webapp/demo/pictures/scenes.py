"""Puts the drawn objects before a wall: the product pictures and the one of the home page.

Every object is drawn around its own foot: (0, 0) is the middle of the base, y grows downwards.
The same call gives the same bytes, so the pictures can be cached for ever.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from webapp.demo.pictures import plants, wares

WIDTH, HEIGHT = 800, 1000
VIEWS = 3
HERO_WIDTH, HERO_HEIGHT = 1200, 1040


class _Scene(NamedTuple):
    """Where an object stands: colours of wall and table, the part that is seen, the light."""

    wall: str
    glow: str
    table: str
    view_box: str
    light: str


_WALLS = {
    "sage": ("#dfe5d8", "#eef1e8", "#cfc2ae"),
    "sand": ("#eee3d3", "#f8f1e6", "#d3bfa4"),
    "clay": ("#e9d0c1", "#f5e4d9", "#c9a58c"),
    "mist": ("#d9e1e3", "#ecf1f1", "#c4bdb2"),
}
_WINDOW = (
    '<g fill="#fff" opacity=".34" transform="skewX(-16)">'
    '<path d="M330 90h120v210H330zM466 90h120v210H466zM330 316h120v210H330zM466 316h120v210H466z"/>'
    "</g>"
)
_ARCH = (
    '<path d="M170 1000V430a230 230 0 0 1 460 0v570z" fill="#fff" opacity=".3"/>'
    '<path d="M205 1000V430a195 195 0 0 1 390 0v570z" fill="#fff" opacity=".22"/>'
)


# The drawing, the wall it stands before, and how much of the picture it fills.
_OBJECTS: dict[str, tuple[Callable[[], str], str, float]] = {
    "fern-in-ribbed-pot": (plants.fern, "sand", 1.0),
    "speckled-pitcher": (wares.pitcher, "sage", 1.0),
    "washed-linen-throw": (wares.throw, "mist", 1.34),
    "cedar-fig-candle": (wares.candle, "clay", 1.42),
    "oak-plant-stand": (plants.plant_stand, "sand", 1.0),
    "brass-watering-can": (wares.watering_can, "sage", 1.18),
    "trailing-pothos": (plants.hanging_pothos, "clay", 1.0),
    "seagrass-basket": (wares.basket, "mist", 1.4),
}
HANDLES = tuple(_OBJECTS)


def _scene(wall: str, view: int) -> _Scene:
    names = list(_WALLS)
    chosen = names[(names.index(wall) + (view - 1)) % len(names)]
    box = "150 310 500 625" if view == 2 else f"0 0 {WIDTH} {HEIGHT}"
    light = {1: "", 2: _WINDOW, 3: _ARCH}[view]
    return _Scene(*_WALLS[chosen], box, light)


def _document(width: int, height: int, view_box: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{view_box}">{"".join(parts)}</svg>'
    )


def product_picture(handle: str, view: int) -> str:
    """The SVG of one product; view 1 is the whole, 2 a detail, 3 the evening. KeyError: no such."""
    if not 1 <= view <= VIEWS:
        raise KeyError(view)
    draw, wall, scale = _OBJECTS[handle]
    scene = _scene(wall, view)
    return _document(
        WIDTH,
        HEIGHT,
        scene.view_box,
        (
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{scene.wall}"/>',
            f'<circle cx="400" cy="430" r="360" fill="{scene.glow}" opacity=".8"/>',
            scene.light,
            f'<rect y="800" width="{WIDTH}" height="200" fill="{scene.table}"/>',
            f'<g transform="translate(400 868) scale({scale})">{draw()}</g>',
        ),
    )


def hero_picture() -> str:
    """The SVG of the home page: a shelf in the morning, put together from the products."""
    placed = (
        (plants.hanging_pothos, 1010, 700, 0.72),
        (plants.plant_stand, 250, 930, 0.98),
        (wares.pitcher, 560, 930, 0.86),
        (wares.candle, 760, 930, 0.56),
        (wares.basket, 980, 930, 0.72),
    )
    objects = "".join(
        f'<g transform="translate({x} {y}) scale({scale})">{draw()}</g>'
        for draw, x, y, scale in placed
    )
    return _document(
        HERO_WIDTH,
        HERO_HEIGHT,
        f"0 0 {HERO_WIDTH} {HERO_HEIGHT}",
        (
            '<rect width="1200" height="1040" fill="#e6e4d3"/>',
            '<circle cx="560" cy="470" r="430" fill="#f4f0e2" opacity=".9"/>',
            f'<g transform="translate(120 60) scale(1.2)">{_WINDOW}</g>',
            '<rect y="880" width="1200" height="160" fill="#c7b196"/>',
            '<path d="M0 880h1200v7H0z" fill="#fff" opacity=".35"/>',
            objects,
        ),
    )
