"""The shopper's cart, kept in a cookie as `variant:quantity` pairs; nothing is stored for it."""

from webapp.demo.catalogue import BY_ID, Product

MAX_QUANTITY = 99


class Cart:
    """How many of what; unknown products and odd numbers in a cookie are left out."""

    def __init__(self, cookie: str = "") -> None:
        self._lines: dict[int, int] = {}
        for pair in cookie.split(".")[: len(BY_ID)]:
            variant, _, quantity = pair.partition("-")
            self.set(variant, quantity)

    def set(self, variant: str, quantity: str) -> None:
        """Have exactly `quantity` of a product; 0 removes it."""
        if not (_is_small_number(variant) and _is_small_number(quantity)):
            return
        number, product = min(int(quantity), MAX_QUANTITY), int(variant)
        if product not in BY_ID:
            return
        self._lines[product] = number
        if number == 0:
            del self._lines[product]

    def add(self, variant: str, quantity: str) -> None:
        """Have `quantity` more of a product."""
        if _is_small_number(variant) and _is_small_number(quantity):
            self.set(variant, str(self._lines.get(int(variant), 0) + int(quantity)))

    def __str__(self) -> str:
        return ".".join(f"{variant}-{quantity}" for variant, quantity in self._lines.items())

    def lines(self) -> list[tuple[Product, int]]:
        """What is in the cart, in the order it was put there."""
        return [(BY_ID[variant], quantity) for variant, quantity in self._lines.items()]


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6
