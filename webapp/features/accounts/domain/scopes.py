"""Which rights we ask a shop for: the least that the product can do its work with.

`shopify.app.toml` names the same ones, for Shopify asks the merchant by that file; a test compares.
"""

from collections.abc import Iterable

REQUIRED = (
    "read_orders",
    "write_customers",
    "write_app_proxy",
    "write_discounts",
    "read_products",
    "read_themes",
)
# Only with Shopify's own approval of the app: orders older than sixty days.
OPTIONAL = ("read_all_orders",)
ORDER_HISTORY_DAYS = 60


def parse_scopes(text: str) -> tuple[str, ...]:
    """`"read_orders,write_customers"`, as Shopify writes scopes, in alphabetical order."""
    return tuple(sorted({scope.strip() for scope in text.split(",") if scope.strip()}))


def missing_scopes(granted: Iterable[str], wanted: Iterable[str] = REQUIRED) -> tuple[str, ...]:
    """Those of `wanted` that a shop has not granted. To write includes to read."""
    held = set(granted)
    held |= {f"read_{scope.removeprefix('write_')}" for scope in held if scope.startswith("write_")}
    return tuple(scope for scope in wanted if scope not in held)
