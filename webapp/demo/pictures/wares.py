"""The things of the shop that do not grow."""

import math

from webapp.demo.pictures.strokes import gradient, seeded, shadow


def _stem(x: float, y: float, lean: float, colour: str) -> str:
    """A eucalyptus stem with paired round leaves, leaning by `lean` units to one side."""
    leaves = []
    for step in range(3, 11):
        t = step / 10
        cx, cy = x + lean * t * t, y - 330 * t
        size = 34 - 18 * t
        for side in (-1, 1):
            leaves.append(
                f'<ellipse cx="{cx + side * size * 0.82:.0f}" cy="{cy - 6:.0f}" rx="{size:.0f}" '
                f'ry="{size * 0.62:.0f}" transform="rotate({side * -28} {cx:.0f} {cy:.0f})"/>'
            )
    path = f"M{x:.0f} {y:.0f}Q{x:.0f} {y - 200:.0f} {x + lean:.0f} {y - 335:.0f}"
    return (
        f'<path d="{path}" fill="none" stroke="#6d7f66" stroke-width="5"/>'
        f'<g fill="{colour}">{"".join(leaves)}</g>'
    )


def pitcher() -> str:
    rng = seeded(3)
    speckles = "".join(
        f'<circle cx="{rng.uniform(-112, 112):.0f}" cy="{rng.uniform(-300, -20):.0f}" '
        f'r="{rng.uniform(1.2, 3.4):.1f}"/>'
        for _ in range(90)
    )
    body = (
        "M-62-356Q-52-300-92-236-132-170-122-84-116 0-70 0"
        "H70Q116 0 122-84 132-170 92-236 52-300 62-356z"
    )
    return (
        f"<defs>{gradient('jug', '#f7f1e6', '#ece3d3', '#cdbfa8')}"
        f'<clipPath id="jug-body"><path d="{body}"/></clipPath></defs>{shadow(150)}'
        f"{_stem(-14, -340, -96, '#93a98c')}{_stem(16, -340, 104, '#7f997c')}"
        f"{_stem(2, -350, 12, '#a5b79b')}"
        '<path d="M84-262C184-300 214-150 112-96" fill="none" stroke="#d5c8b1" stroke-width="26" '
        'stroke-linecap="round"/>'
        f'<path d="{body}" fill="url(#jug)"/><path d="M-62-356-94-384Q-60-376 62-372V-356z" '
        'fill="#e6dccb"/>'
        f'<g fill="#8d7a62" opacity=".55" clip-path="url(#jug-body)">{speckles}</g>'
        '<g clip-path="url(#jug-body)"><path d="M-140-74H140V10H-140z" fill="#a9714f" '
        'opacity=".78"/></g>'
    )


def throw() -> str:
    folds = []
    colours = ("#d8b49a", "#c99c80", "#e2c4ad", "#b9876a")
    for index, colour in enumerate(colours):
        y = -74 * index
        folds.append(
            f'<path d="M-206 {y}Q-236 {y - 37}-206 {y - 74}H190Q224 {y - 37} 190 {y}z" '
            f'fill="{colour}"/>'
            f'<path d="M-206 {y - 20}Q0 {y - 12} 196 {y - 20}" fill="none" stroke="#7d543b" '
            'stroke-width="3" opacity=".22"/>'
            f'<path d="M-210 {y - 48}Q0 {y - 56} 200 {y - 48}" fill="none" stroke="#fff" '
            'stroke-width="3" opacity=".3"/>'
        )
    fringe = "".join(
        f'<path d="M{x}-92q{(-1) ** index * 5} 34 0 66" stroke="#f1dfd0" stroke-width="5" '
        f'fill="none" '
        'stroke-linecap="round"/>'
        for index, x in enumerate(range(-90, 91, 12))
    )
    drape = "M-98-304Q0-316 98-304L96-92Q0-84-96-92z"
    stripes = "".join(f'<path d="M-97 {y}Q0 {y + 7} 97 {y}" />' for y in (-270, -250, -150, -130))
    return (
        f"{shadow(224)}{''.join(folds)}"
        f'<path d="{drape}" fill="#eadbcd"/><g fill="none" stroke="#b4552f" stroke-width="5" '
        f'opacity=".62">{stripes}</g>{fringe}'
    )


def candle() -> str:
    return (
        f"<defs>{gradient('jar', '#8a4a1d', '#c9853f', '#a55f27', '#6b3512')}"
        '<radialGradient id="glow"><stop offset="0" stop-color="#ffe6a8" stop-opacity=".95"/>'
        '<stop offset="1" stop-color="#ffe6a8" stop-opacity="0"/></radialGradient></defs>'
        f'{shadow(150)}<circle cy="-330" r="210" fill="url(#glow)"/>'
        '<path d="M-116-268H116V-22Q116 0 94 0H-94Q-116 0-116-22z" fill="url(#jar)"/>'
        '<ellipse cy="-268" rx="116" ry="22" fill="#7a3f17"/>'
        '<ellipse cy="-262" rx="98" ry="15" fill="#f3dfb4"/>'
        '<path d="M-2-262V-292" stroke="#3b2a1c" stroke-width="6" stroke-linecap="round"/>'
        '<path d="M0-374Q34-322 0-288-34-322 0-374z" fill="#f6a937"/>'
        '<path d="M0-340Q15-314 0-292-15-314 0-340z" fill="#fff3cf"/>'
        '<rect x="-74" y="-186" width="148" height="128" rx="6" fill="#f6efe2"/>'
        '<path d="M0-164q26 22 0 52-26-30 0-52z" fill="#2f5d50"/>'
        '<path d="M-44-96H44M-30-80H30" stroke="#7b6a58" stroke-width="5" stroke-linecap="round"/>'
        '<path d="M-98-250V-24" stroke="#fff" stroke-width="9" opacity=".28" '
        'stroke-linecap="round"/>'
    )


def watering_can() -> str:
    return (
        f"<defs>{gradient('brass', '#f0cf86', '#d8a94e', '#b5812c', '#8a5c1a')}</defs>{shadow(170)}"
        '<path d="M-104-250C-96-430 150-440 168-250 180-140 150-60 108-40" fill="none" '
        'stroke="#b5812c" stroke-width="20" stroke-linecap="round"/>'
        '<path d="M-96-60C-190-80-190-260-268-352l22-14C-170-284-150-150-92-128z" '
        'fill="url(#brass)"/>'
        '<path d="M-300-352-226-402-212-384-288-330z" fill="#8a5c1a"/>'
        '<path d="M-112-246H112Q122-120 126-22 126 0 104 0H-104Q-126 0-126-22-122-120-112-246z" '
        'fill="url(#brass)"/>'
        '<ellipse cy="-246" rx="112" ry="26" fill="#8a5c1a"/>'
        '<path d="M-112-246A112 26 0 0 1 0-272V-246A0 0 0 0 1-112-246z" fill="#6f4913"/>'
        '<path d="M-119-60H119" stroke="#fbe7b5" stroke-width="5" opacity=".7"/>'
        '<path d="M-78-206Q-92-120-90-40" fill="none" stroke="#fff4d6" stroke-width="14" '
        'opacity=".55" stroke-linecap="round"/>'
    )


def basket() -> str:
    rows = []
    for row in range(9):
        y = -20 - row * 26
        half = 176 + 12 * math.sin(math.pi * row / 9)
        offset = 18 if row % 2 else 0
        for x in range(-int(half) + offset - 18, int(half), 36):
            tone = ("#c79f66", "#d6b27c", "#b98e55")[(x // 36 + row) % 3]
            rows.append(
                f'<rect x="{x}" y="{y - 22}" width="38" height="22" rx="10" fill="{tone}"/>'
            )
    outline = "M-168-252H168Q204-130 162-8 160 0 150 0H-150Q-160 0-162-8-204-130-168-252z"
    return (
        f'<defs><clipPath id="weave"><path d="{outline}"/></clipPath></defs>{shadow(196)}'
        '<path d="M-140-250C-150-330-70-350-30-300 10-362 120-350 138-250z" fill="#dfe5d8"/>'
        '<path d="M-112-252C-110-300-60-318-26-290M20-300C60-330 104-306 112-254" fill="none" '
        'stroke="#a9b7a0" stroke-width="5"/>'
        f'<path d="{outline}" fill="#a57c47"/><g clip-path="url(#weave)">{"".join(rows)}</g>'
        '<rect x="-176" y="-268" width="352" height="30" rx="15" fill="#b98e55"/>'
        '<g fill="none" stroke="#8b6233" stroke-width="15" stroke-linecap="round">'
        '<path d="M-182-196C-236-190-236-110-186-112M182-196C236-190 236-110 186-112"/></g>'
    )
