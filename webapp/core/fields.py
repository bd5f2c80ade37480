"""What people enter into forms, read; a refusal names the field as it is labelled."""

from decimal import Decimal, InvalidOperation

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Form
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.messages import shown
from webapp.core.words import minor_units

Label = tuple[str, str]


def refused(ctx: Context, label: Label, said: str) -> AppError:
    """The failure of a field that cannot be used."""
    return AppError(
        INVALID_VALUE, field=i18n.text(ctx.locale, *label), value=shown("", said) or "-"
    )


def whole(ctx: Context, form: Form, name: str, label: Label) -> int:
    """A whole number of at most nine digits. Raises AppError(invalid_value)."""
    said = form.one(name)
    if not said.isascii() or not said.isdigit() or len(said) > 9:
        raise refused(ctx, label, said)
    return int(said)


def decimal(ctx: Context, form: Form, name: str, label: Label) -> Decimal:
    """A number that is not below 0, with a point or a comma. Raises AppError(invalid_value)."""
    said = form.one(name)
    try:
        value = Decimal(said.replace(",", "."))
    except InvalidOperation:
        raise refused(ctx, label, said) from None
    if not value.is_finite() or value < 0 or len(said) > 20:
        raise refused(ctx, label, said)
    return value


def minor(ctx: Context, form: Form, name: str, label: Label, exponent: int) -> int:
    """An amount above 0 with `exponent` decimals, as its smallest units. Raises
    AppError(invalid_value)."""
    said = form.one(name)
    value = minor_units(said.replace(",", "."), exponent)
    if value is None or value <= 0:
        raise refused(ctx, label, said)
    return value


def plain(value: int | Decimal, exponent: int = 0) -> str:
    """A number as a field holds it: with a point, and no needless zeros."""
    written = f"{Decimal(value).scaleb(-exponent):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
