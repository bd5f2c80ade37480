"""What a shop of the stand-in is, and the values that Shopify writes everywhere."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from webapp.core.words import currency_exponent
from webapp.demo.theme_files import ThemeFiles

API_VERSION = "2026-10"
SCOPES = frozenset(
    {
        *("read_all_orders", "read_customers", "read_discounts", "read_orders", "read_products"),
        *("read_themes", "write_app_proxy", "write_customers", "write_discounts"),
    }
)
# Without read_all_orders an app sees no order that is older.
ORDER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop the stand-in serves; `access_token` is what the app must send. Without one the app
    is not installed yet.

    `api_key` and `app_secret` are those of the app, which sign webhooks and redirects. `scopes`
    are what the shop granted; without `protected` the app sees no address of a customer. Goods
    are taxed at `tax_rate`, which is in their price where `taxes_included`; `shipping` is what an
    order costs to send. `theme` has the files of its theme, and `storefront` is where it is served.
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
    tax_rate: Decimal = Decimal(0)
    taxes_included: bool = False
    shipping: Decimal = Decimal(0)
    theme: ThemeFiles | None = None
    storefront: str = ""


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


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest unit of the currency, halves up, as a till does."""
    unit = Decimal(1).scaleb(-currency_exponent(currency))
    return amount.quantize(unit, ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> str:
    """With as many digits as the currency has: 19.99, 1999, 19.999."""
    return str(rounded(amount, currency))


def money(amount: Decimal, currency: str) -> dict[str, object]:
    """MoneyV2."""
    return {"__typename": "MoneyV2", "amount": written(amount, currency), "currencyCode": currency}


def money_bag(amount: Decimal, currency: str) -> dict[str, object]:
    """The same amount in the shop's currency and in the shopper's, which here are one."""
    same = money(amount, currency)
    return {"__typename": "MoneyBag", "shopMoney": same, "presentmentMoney": same}


def rest_money(amount: Decimal, currency: str) -> dict[str, object]:
    """A `..._set` of the JSON that webhooks carry."""
    same = {"amount": written(amount, currency), "currency_code": currency}
    return {"shop_money": same, "presentment_money": same}


def user_error(kind: str, message: str, *path: str, code: str | None = None) -> dict[str, object]:
    """One entry of `userErrors`."""
    field = list(path) or None
    return {"__typename": kind, "field": field, "message": message, "code": code}
