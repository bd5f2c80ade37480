"""What a shop of the stand-in is, and the values that Shopify writes everywhere."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

API_VERSION = "2026-10"
SCOPES = frozenset(
    {
        *("read_all_orders", "read_customers", "read_discounts", "read_orders", "read_products"),
        *("write_app_proxy", "write_customers", "write_discounts"),
    }
)
# Without read_all_orders an app sees no order that is older.
ORDER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop the stand-in serves; `access_token` is what the app must send. Without one the app
    is not installed yet.

    `api_key` and `app_secret` are those of the app, which sign webhooks and redirects. `scopes`
    are what the shop granted; without `protected` the app sees no address of a customer.
    """

    domain: str
    name: str
    currency: str
    access_token: str
    api_key: str = ""
    app_secret: str = ""
    scopes: frozenset[str] = SCOPES
    protected: bool = True
    timezone: str = "Etc/UTC"
    plan: str = "Shopify Plus"
    development: bool = False
    email: str = "owner@example.com"


def gid(kind: str, number: object) -> str:
    """Shopify's global id."""
    return f"gid://shopify/{kind}/{number}"


def number_of(given: object, kind: str) -> int | None:
    """The number in a global id of that kind; None for anything else."""
    _, _, number = str(given).removeprefix("gid://shopify/").partition(f"{kind}/")
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 19 else None


def moment(at: datetime) -> str:
    """As GraphQL writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def money(amount: Decimal, currency: str) -> dict[str, object]:
    """MoneyV2."""
    return {"__typename": "MoneyV2", "amount": f"{amount:.2f}", "currencyCode": currency}


def money_bag(amount: Decimal, currency: str) -> dict[str, object]:
    """The same amount in the shop's currency and in the shopper's, which here are one."""
    same = money(amount, currency)
    return {"__typename": "MoneyBag", "shopMoney": same, "presentmentMoney": same}


def rest_money(amount: Decimal, currency: str) -> dict[str, object]:
    """A `..._set` of the JSON that webhooks carry."""
    same = {"amount": f"{amount:.2f}", "currency_code": currency}
    return {"shop_money": same, "presentment_money": same}


def user_error(kind: str, message: str, *path: str, code: str | None = None) -> dict[str, object]:
    """One entry of `userErrors`."""
    field = list(path) or None
    return {"__typename": kind, "field": field, "message": message, "code": code}
