"""The plants of the shop."""

import math
import random

from webapp.demo.pictures.strokes import gradient, leaf, seeded, shadow


def _frond(angle: float, length: float, start: tuple[float, float]) -> str:
    """Path data of one fern frond that leaves `start` at `angle` and droops with its own weight."""
    turn = math.radians(angle)
    x0, y0 = start
    x1, y1 = x0 + math.sin(turn) * length * 0.5, y0 - math.cos(turn) * length * 0.75
    x2 = x0 + math.sin(turn) * length
    y2 = y0 - math.cos(turn) * length * 0.82 + abs(math.sin(turn)) * length * 0.2
    parts = [f"M{x0:.0f} {y0:.0f}Q{x1:.0f} {y1:.0f} {x2:.0f} {y2:.0f}Q{x1 + 3:.0f} {y1 + 3:.0f}"]
    parts.append(f" {x0 + 4:.0f} {y0:.0f}z")
    steps = 15
    for step in range(2, steps + 1):
        t = step / steps
        x = (1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t * t * x2
        y = (1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t * t * y2
        slope = math.degrees(
            math.atan2((1 - t) * (y1 - y0) + t * (y2 - y1), (1 - t) * (x1 - x0) + t * (x2 - x1))
        )
        size = length * 0.17 * math.sin(math.pi * (0.18 + 0.8 * t)) + 5
        parts += (leaf(x, y, size, slope + side * 62, 0.3) for side in (-1, 1))
    return "".join(parts)


def fern() -> str:
    rng = seeded(11)
    greens = ("#3f6b4c", "#4f7f58", "#37604a", "#628f62")
    fronds = []
    for index in range(19):
        angle = -84 + index * 168 / 18 + rng.uniform(-4, 4)
        path = _frond(angle, rng.uniform(270, 350), (angle * 0.45, -232))
        fronds.append((rng.random(), f'<path d="{path}" fill="{greens[index % 4]}"/>'))
    leaves = "".join(path for _, path in sorted(fronds))
    ribs = "".join(
        f'<path d="M{x} -214 {x * 0.76:.0f} -14" stroke="#8f4529" stroke-width="5" opacity=".38"/>'
        for x in range(-112, 113, 16)
    )
    return (
        f"<defs>{gradient('fern-pot', '#cf7b55', '#c06a45', '#9c4d2f')}</defs>{shadow(150)}{leaves}"
        '<path d="M-124-222H124L96-10Q94 0 82 0H-82Q-94 0-96-10z" fill="url(#fern-pot)"/>'
        f'{ribs}<rect x="-132" y="-250" width="264" height="40" rx="9" fill="url(#fern-pot)"/>'
        '<path d="M-132-214h264v8h-264z" fill="#6f331d" opacity=".25"/>'
    )


def plant_stand() -> str:
    leaves = "".join(
        f'<path d="{leaf(x, -420, length, angle, 0.36)}" fill="{colour}"/>'
        f'<path d="M{x}-420L{x + length * 0.86 * math.cos(math.radians(angle)):.0f} '
        f'{-420 + length * 0.86 * math.sin(math.radians(angle)):.0f}" stroke="#e8efd9" '
        'stroke-width="3" opacity=".5"/>'
        for x, length, angle, colour in (
            (-30, 250, -158, "#3c6b50"),
            (30, 250, -24, "#356048"),
            (-22, 290, -128, "#4b7d59"),
            (24, 300, -54, "#447454"),
            (-4, 330, -104, "#568a62"),
            (6, 320, -76, "#3c6b50"),
        )
    )
    return (
        f"<defs>{gradient('oak', '#d8b184', '#c59a68', '#a67b4c')}"
        f"{gradient('white-pot', '#fbfaf6', '#f0ede5', '#cfcabd')}</defs>{shadow(170)}"
        '<path d="M-146-226-170 0h26l22-226zM146-226 170 0h-26L122-226z" fill="url(#oak)"/>'
        '<path d="M-40-196-46-12h18l6-184zM40-196 46-12H28L22-196z" fill="#8d653c"/>'
        f"{leaves}"
        '<path d="M-112-430H112L94-232Q92-222 82-222H-82Q-92-222-94-232z" fill="url(#white-pot)"/>'
        '<path d="M-108-384H108l-3 34H-105z" fill="#2f5d50" opacity=".85"/>'
        '<rect x="-166" y="-232" width="332" height="34" rx="10" fill="url(#oak)"/>'
        '<path d="M-150-98H150v18H-150z" fill="#b98d5b"/>'
    )


def _vine(start: tuple[float, float], sway: float, length: float, rng: random.Random) -> str:
    x0, y0 = start
    leaves = []
    count = int(length / 44)
    for step in range(1, count + 1):
        t = step / count
        x, y = x0 + sway * math.sin(t * 3.1) + sway * t * 0.5, y0 + length * t
        angle = 90 + (-1) ** step * 48 + rng.uniform(-12, 12)
        leaves.append(leaf(x, y, 62 - 20 * t, angle, 0.5))
    middle = f"{x0 + sway * 1.4:.0f} {y0 + length * 0.5:.0f}"
    end = f"{x0 + sway * 0.55:.0f} {y0 + length:.0f}"
    return (
        f'<path d="M{x0:.0f} {y0:.0f}Q{middle} {end}" fill="none" stroke="#55774f" '
        f'stroke-width="4"/>'
        f'<path d="{"".join(leaves)}" fill="{rng.choice(("#4f8058", "#6b9a62", "#3f6f50"))}"/>'
    )


def hanging_pothos() -> str:
    rng = seeded(5)
    vines = "".join(
        _vine((x, -384), sway, length, rng)
        for x, sway, length in (
            (-84, -52, 300),
            (-40, -26, 382),
            (8, 20, 330),
            (50, 34, 404),
            (88, 58, 268),
        )
    )
    crown = "".join(
        f'<path d="{leaf(x, -388, 92, angle, 0.5)}" fill="{colour}"/>'
        for x, angle, colour in (
            (-70, -150, "#4f8058"),
            (-30, -112, "#6b9a62"),
            (14, -84, "#3f6f50"),
            (44, -58, "#5d8f5d"),
            (78, -28, "#4f8058"),
        )
    )
    return (
        f"<defs>{gradient('hanger', '#f3ece0', '#e4d8c6', '#bfae95')}</defs>"
        '<g fill="none" stroke="#cdb894" stroke-width="8" stroke-linecap="round">'
        '<path d="M0-1000V-860M0-860Q-96-620-106-400M0-860Q96-620 106-400M0-860V-420"/></g>'
        '<circle cy="-862" r="15" fill="#b6894f"/>'
        f"{crown}"
        '<path d="M-118-404H118Q112-262 0-252-112-262-118-404z" fill="url(#hanger)"/>'
        '<path d="M-115-366Q0-346 115-366" fill="none" stroke="#b4552f" stroke-width="9" '
        'opacity=".75"/>'
        '<path d="M-24-250Q0-214 0-150 0-214 24-250z" fill="#cdb894"/>'
        f"{vines}"
    )
