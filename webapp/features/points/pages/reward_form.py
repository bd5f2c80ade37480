"""What the form of a reward says; what cannot be used is named by its label."""

import re
from collections.abc import Iterable, Mapping

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Form
from webapp.core.errors import FIELD_REQUIRED, INVALID_VALUE, AppError
from webapp.core.i18n import N_
from webapp.core.messages import shown
from webapp.core.words import currency_exponent, is_line, minor_units

FIELDS = {
    "kind": N_("rewards.field.kind", "Kind"),
    "name": N_("rewards.field.name", "Name"),
    "points": N_("rewards.field.points", "Cost in points"),
    "amount": N_("rewards.field.amount", "Taken off in %(currency)s"),
    "percent": N_("rewards.field.percent", "Per cent"),
    "product": N_("rewards.field.product", "Product"),
    "minimum": N_("rewards.field.minimum", "Minimum order in %(currency)s"),
    "stores": N_("rewards.field.stores", "Stores"),
    "stock": N_("rewards.field.stock", "Stock"),
    "valid_days": N_("rewards.field.valid_days", "Days a code can be used"),
    "return_on_expiry": N_("rewards.field.return_on_expiry", "When a code runs out unused"),
    "position": N_("rewards.field.position", "Position in the list"),
}
MOST_TEXT, MOST_MINOR = 120, 10**11
_PRODUCT = re.compile(
    r"(?:gid://shopify/(?P<kind>Product|ProductVariant)/|(?:https://[^\s]+)?/products/)?"
    r"(?P<number>[0-9]{1,19})"
)


def labelled(locale: str, name: str, currency: str = "") -> str:
    """What a field is called."""
    key, english = FIELDS[name]
    return i18n.text(locale, key, english, currency=currency)


class Reader:
    """Reads the fields of a form."""

    def __init__(self, ctx: Context, form: Form) -> None:
        self._ctx, self._form = ctx, form

    def label(self, name: str, currency: str = "") -> str:
        return labelled(self._ctx.locale, name, currency)

    def number(self, name: str, least: int, most: int) -> int | None:
        """A whole number; None when the field is empty. Raises AppError(invalid_value)."""
        said = self._form.one(name)
        if not said:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", said, re.ASCII) or not least <= int(said) <= most:
            raise AppError(INVALID_VALUE, field=self.label(name), value=shown("", said))
        return int(said)

    def needed(self, name: str, least: int, most: int) -> int:
        """Raises AppError: field_required, invalid_value."""
        found = self.number(name, least, most)
        if found is None:
            raise AppError(FIELD_REQUIRED, field=self.label(name))
        return found

    def one_of(self, name: str, known: Mapping[str, object]) -> str:
        """Raises AppError(invalid_value)."""
        said = self._form.one(name)
        if said not in known:
            raise AppError(INVALID_VALUE, field=self.label(name), value=shown("", said))
        return said

    def amounts(self, name: str, currencies: Iterable[str]) -> dict[str, int]:
        """Minor units by currency of the fields that are not empty. Raises
        AppError(invalid_value)."""
        found: dict[str, int] = {}
        for currency in currencies:
            said = self._form.one(f"{name}-{currency}")
            minor = minor_units(said.replace(",", "."), currency_exponent(currency))
            if said and (minor is None or not 0 < minor <= MOST_MINOR):
                label = self.label(name, currency=currency)
                raise AppError(INVALID_VALUE, field=label, value=shown("", said))
            if minor is not None:
                found[currency] = minor
        return found

    def texts(self, name: str) -> dict[str, str]:
        """What was said in each language. Raises AppError(invalid_value) for what is too long."""
        found = {tag: self._form.one(f"{name}-{tag}") for tag in i18n.LOCALES}
        for said in found.values():
            if len(said) > MOST_TEXT or not is_line(said):
                raise AppError(INVALID_VALUE, field=self.label("name"), value=shown("", said))
        return {tag: said for tag, said in found.items() if said}

    def product(self) -> str | None:
        """A GID, a number, or the address of a product in Shopify's admin."""
        said = self._form.one("product")
        if not said:
            return None
        match = _PRODUCT.fullmatch(said.partition("?")[0].rstrip("/"))
        if match is None:
            raise AppError(INVALID_VALUE, field=self.label("product"), value=shown("", said))
        return f"gid://shopify/{match['kind'] or 'Product'}/{match['number']}"
