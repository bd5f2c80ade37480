"""QR codes as pictures for a page."""

from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.main import QRCode  # type: ignore[import-untyped]

BORDER = 4


def qr_svg(content: str) -> str:
    """The code as the `viewBox` and the path of an SVG: `<size> <path>`, dark modules only, each
    row's runs as one rectangle, so that it is a fifth of a rectangle a module."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=BORDER)
    code.add_data(content)
    code.make(fit=True)
    rows = code.get_matrix()
    return f"{len(rows)} {''.join(_row(y, row) for y, row in enumerate(rows))}"


def _row(y: int, row: list[bool]) -> str:
    path, x = "", 0
    while x < len(row):
        run = 0
        while x + run < len(row) and row[x + run]:
            run += 1
        if run:
            path += f"M{x} {y}h{run}v1h-{run}z"
        x += run or 1
    return path
