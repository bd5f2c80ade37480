"""The strokes that every drawing is made of."""

import math
import random


def seeded(seed: int) -> random.Random:
    """Chance that repeats: the same seed draws the same picture."""
    return random.Random(seed)  # noqa: S311 - a drawing needs repetition, not secrecy.


def gradient(name: str, *colours: str) -> str:
    """A left-to-right gradient, which gives round things their volume."""
    last = len(colours) - 1
    stops = "".join(
        f'<stop offset="{index / last:.2f}" stop-color="{colour}"/>'
        for index, colour in enumerate(colours)
    )
    return f'<linearGradient id="{name}">{stops}</linearGradient>'


def shadow(width: int) -> str:
    return f'<ellipse cx="14" cy="4" rx="{width}" ry="{width // 9}" fill="#3b2f25" opacity=".2"/>'


def leaf(x: float, y: float, length: float, angle: float, width: float = 0.34) -> str:
    """One pointed leaf as path data: from (x, y) towards `angle` (degrees, 0 = right)."""
    turn = math.radians(angle)
    tip_x, tip_y = x + length * math.cos(turn), y + length * math.sin(turn)
    side_x, side_y = -math.sin(turn) * length * width, math.cos(turn) * length * width
    mid_x, mid_y = (x + tip_x) / 2, (y + tip_y) / 2
    return (
        f"M{x:.0f} {y:.0f}Q{mid_x + side_x:.0f} {mid_y + side_y:.0f} {tip_x:.0f} {tip_y:.0f}"
        f"Q{mid_x - side_x:.0f} {mid_y - side_y:.0f} {x:.0f} {y:.0f}z"
    )
