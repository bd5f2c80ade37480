"""The first earning rule: one point for each whole currency unit of an order, rounded down."""

RULE_VERSION = 1


def points_for(amount_minor: int, exponent: int) -> int:
    """Points for an order of `amount_minor` in a currency with `exponent` decimals.

    12.99 EUR (1299, exponent 2) gives 12; 1999 JPY (exponent 0) gives 1999.
    """
    unit: int = 10**exponent
    return amount_minor // unit
