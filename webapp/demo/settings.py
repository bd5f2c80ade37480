"""What the demo shop is told by whoever starts it: one JSON file, read again when it changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from webapp.core import i18n

_FEW = 6
EXTENSION = Path(__file__).resolve().parents[2] / "extensions" / "loyalnest"


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """Someone to sign in as. `role`: top, typical, new, stranger, or empty; `name` and `email` may
    be empty. `verified` says whether the shop knows that the address is theirs."""

    customer_id: str
    locale: str = "en"
    name: str = ""
    role: str = ""
    email: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The merchant's other shop: where it is, and who of ours has which number there."""

    name: str
    url: str
    shop_domain: str
    customers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """The configuration of one shop.

    `web_url` is LoyalNest's web, `admin_path` where its dashboard starts; `admin` (merchant, admin
    user) is whom /demo/admin signs in there. `label` is shown on top of every page, the word
    `simulated` in the page's language; empty for none. `start` fills the start page: `figures`
    (label -> value), `segments` (name -> customers) and `services` (name -> address).
    `cost_bucket` is what the Admin API allows: (most, restored a second). `standins` are the
    addresses of outside services by name.

    `cookie_tag` ends the names of cookies, which do not tell ports apart. `tone` is how the theme
    is coloured (leaf, sea). `start_url` is where the start page is when it is another shop's.
    Customers whom no sample describes have addresses at `mail_domain` and numbers that begin with
    `phone_prefix`, so that nobody is taken for another shop's customer by accident.
    """

    host: str
    port: int
    data_dir: Path
    web_url: str
    app_secret: str
    access_token: str
    shop_domain: str
    shop_name: str
    currency: str
    api_key: str = ""
    locale: str = "en"
    admin_path: str = "/admin"
    admin: tuple[str, str] | None = None
    label: str = ""
    customers: tuple[SampleCustomer, ...] = ()
    start: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    cost_bucket: tuple[float, float] = (20_000.0, 1_000.0)
    extension_dir: Path = EXTENSION
    standins: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "Etc/UTC"
    tax_rate: Decimal = Decimal(0)
    taxes_included: bool = False
    shipping: Decimal = Decimal(0)
    cookie_tag: str = ""
    tone: str = "leaf"
    start_url: str = ""
    mail_domain: str = "example.com"
    phone_prefix: str = "+1555"
    others: tuple[Neighbour, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "ShopConfig":
        """Build from the file's content. ValueError names the key that is missing or wrong."""
        try:
            return _config(data)
        except (KeyError, TypeError) as error:
            raise ValueError(f"the demo shop's configuration lacks or misuses {error}") from error


def sample(config: ShopConfig, customer_id: str) -> SampleCustomer | None:
    """The sample customer of that number."""
    return next((c for c in config.customers if c.customer_id == customer_id), None)


def shown_customers(config: ShopConfig) -> list[SampleCustomer]:
    """Whom pages offer to sign in as: those with a role, else the first few."""
    return [each for each in config.customers if each.role] or list(config.customers[:_FEW])


class ConfigFile:
    """The configuration as the file says now; a broken or half-written file changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = path.stat().st_mtime_ns
        self._config = ShopConfig.from_json(json.loads(path.read_text(encoding="utf-8")))

    def __call__(self) -> ShopConfig:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._seen:
                data = json.loads(self._path.read_text(encoding="utf-8"))
                self._config, self._seen = ShopConfig.from_json(data), changed
        except (OSError, ValueError):
            return self._config
        return self._config


def _config(data: Mapping[str, object]) -> ShopConfig:
    app, store = _mapping(data, "app"), _mapping(data, "store")
    customers = data.get("customers") or []
    if not isinstance(customers, list):
        raise TypeError("customers")
    bucket = data.get("cost_bucket") or (20_000.0, 1_000.0)
    if not isinstance(bucket, list | tuple):
        raise TypeError("cost_bucket")
    return ShopConfig(
        host=str(data["host"]),
        port=int(str(data["port"])),
        data_dir=Path(str(data["data_dir"])),
        web_url=str(data["web_url"]).rstrip("/"),
        api_key=str(app.get("api_key") or ""),
        app_secret=str(app["app_secret"]),
        access_token=str(app["access_token"]),
        shop_domain=str(store["shop_domain"]),
        shop_name=str(store.get("name") or "Nest & Bloom"),
        currency=str(store.get("currency") or "USD"),
        locale=str(store.get("locale") or "en"),
        admin_path=str(data.get("admin_path") or "/admin"),
        admin=_admin(data.get("admin")),
        label=str(data.get("label") or ""),
        customers=tuple(_customer(item) for item in customers),
        start=_start(data.get("start")),
        cost_bucket=(float(bucket[0]), float(bucket[1])),
        extension_dir=Path(str(data.get("extension_dir") or EXTENSION)),
        standins={name: str(url) for name, url in _optional(data, "standins").items()},
        **_more(data, store),
    )


def _more(data: Mapping[str, object], store: Mapping[str, object]) -> dict[str, Any]:
    """What a shop has beside the necessary."""
    others = data.get("others") or []
    if not isinstance(others, list):
        raise TypeError("others")
    return {
        "timezone": str(store.get("timezone") or "Etc/UTC"),
        "tax_rate": Decimal(str(store.get("tax_rate") or 0)),
        "taxes_included": store.get("taxes_included") is True,
        "shipping": Decimal(str(store.get("shipping") or 0)),
        "cookie_tag": str(data.get("cookie_tag") or ""),
        "tone": str(data.get("tone") or "leaf"),
        "start_url": str(data.get("start_url") or ""),
        "mail_domain": str(data.get("mail_domain") or "example.com"),
        "phone_prefix": str(data.get("phone_prefix") or "+1555"),
        "others": tuple(_neighbour(item) for item in others),
    }


def _neighbour(item: Mapping[str, object]) -> Neighbour:
    customers = {ours: str(theirs) for ours, theirs in _optional(item, "customers").items()}
    return Neighbour(str(item["name"]), str(item["url"]), str(item["shop_domain"]), customers)


def _mapping(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = data[key]
    if not isinstance(found, Mapping):
        raise TypeError(key)
    return found


def _optional(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    return _mapping(data, key) if key in data else {}


def _admin(given: object) -> tuple[str, str] | None:
    if not isinstance(given, Mapping):
        return None
    return str(given["merchant_id"]), str(given["admin_user_id"])


def _start(given: object) -> Mapping[str, Mapping[str, object]]:
    parts = given if isinstance(given, Mapping) else {}
    return {name: part for name, part in parts.items() if isinstance(part, Mapping)}


def _customer(item: Mapping[str, object]) -> SampleCustomer:
    return SampleCustomer(
        customer_id=str(item["customer_id"]),
        locale=i18n.negotiate(str(item.get("locale") or "en")),
        name=str(item.get("name") or ""),
        role=str(item.get("role") or ""),
        email=str(item.get("email") or ""),
        verified=item.get("verified", True) is not False,
    )
