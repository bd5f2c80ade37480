"""The page a developer sees first: what is running, and what is worth looking at."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urljoin

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from webapp.core import i18n
from webapp.core.operators import operator_link
from webapp.demo.drops import label, own_name, prefix_of
from webapp.demo.settings import Neighbour, SampleCustomer, ShopConfig, shown_customers
from webapp.demo.standins.metafields import MetafieldStore

_ROLES = {
    "top": "The best customer",
    "typical": "A typical customer",
    "new": "A new customer",
    "stranger": "Not recognised in the other shop",
}
_ALWAYS = ("ar", "ja")
# The customers of each language are as rich as it stands early in the list of languages.
_WALKER = "de"


def create_blueprint(
    config: Callable[[], ShopConfig],
    store: MetafieldStore,
    admin_link: Callable[[], str] | None,
) -> Blueprint:
    """/demo, /demo/admin and /demo/operator. `admin_link` makes a fresh sign-in address for the
    dashboard."""
    blueprint = Blueprint("start", __name__, url_prefix="/demo", template_folder="templates")

    @blueprint.get("", strict_slashes=False)
    def page() -> ResponseReturnValue:
        current = config()
        if current.start_url:
            return redirect(current.start_url)
        members = [_member(current, store, customer) for customer in shown_customers(current)]
        answer = render_template(
            "start.html",
            config=current,
            label=label(current, "en"),
            members=members,
            languages=[
                {"tag": tag, "name": own_name(tag), "url": f"{prefix_of(tag)}/", "dir": _dir(tag)}
                for tag in i18n.LOCALES
            ],
            figures=current.start.get("figures", {}),
            segments=_segments(current.start.get("segments", {})),
            services=current.start.get("services", {}),
            others=current.others,
            walker=_walker(current),
        )
        return answer, {"Cache-Control": "no-store"}

    @blueprint.get("/admin")
    def admin() -> ResponseReturnValue:
        current = config()
        address = admin_link() if admin_link else current.admin_path
        return redirect(urljoin(f"{current.web_url}/", address))

    @blueprint.get("/operator/<any(support, review, platform):role>")
    def operator(role: str) -> ResponseReturnValue:
        return redirect(urljoin(f"{config().web_url}/", operator_link("Sam", role)))

    blueprint.add_app_template_filter(_grouped, "grouped")
    return blueprint


def _member(
    config: ShopConfig, store: MetafieldStore, customer: SampleCustomer
) -> Mapping[str, object]:
    """A sample customer with the points the shop shows now, and where to look as them."""
    owner = f"gid://shopify/Customer/{customer.customer_id}"
    points = store.one(config.shop_domain, owner, "$app:loyalnest", "points_balance")
    tags = dict.fromkeys((customer.locale, *_ALWAYS))
    return {
        "name": customer.name or f"Customer {customer.customer_id}",
        "role": _ROLES.get(customer.role, "A customer"),
        "points": points.value if points else None,
        "elsewhere": [
            {"name": other.name, "url": _elsewhere(other, customer)}
            for other in config.others
            if customer.customer_id in other.customers
        ],
        "looks": [
            {"name": own_name(tag), "tag": tag, "dir": _dir(tag), "url": _sign_in(customer, tag)}
            for tag in tags
        ],
    }


def _walker(config: ShopConfig) -> Mapping[str, object] | None:
    """Who walks through both shops: somebody with points enough for a reward, who shops in both."""
    for customer in sorted(config.customers, key=lambda one: one.locale != _WALKER):
        for other in config.others:
            there = other.customers.get(customer.customer_id)
            if there and customer.verified and customer.role != "stranger":
                back = quote("/account", safe="")
                return {
                    "name": customer.name,
                    "here": _sign_in(customer, "en"),
                    "there": f"{other.url}/account/login?customer_id={there}&return_to={back}",
                    "other": other.name,
                    "number": customer.customer_id,
                }
    return None


def _sign_in(customer: SampleCustomer, tag: str) -> str:
    prefix = prefix_of(tag)
    back = quote(f"{prefix}/account", safe="")
    return f"{prefix}/account/login?customer_id={customer.customer_id}&return_to={back}"


def _elsewhere(other: Neighbour, customer: SampleCustomer) -> str:
    """The same customer's account in the other shop."""
    number, prefix = other.customers[customer.customer_id], prefix_of(customer.locale)
    back = quote(f"{prefix}/account", safe="")
    return f"{other.url}{prefix}/account/login?customer_id={number}&return_to={back}"


def _segments(given: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Name, customers, and the share of the largest for the bar."""
    counts = {name: int(str(count)) for name, count in given.items()}
    largest = max(counts.values(), default=0) or 1
    return [
        {"name": name, "count": count, "share": round(100 * count / largest, 1)}
        for name, count in counts.items()
    ]


def _dir(tag: str) -> str:
    return i18n.direction(tag)


def _grouped(value: object) -> str:
    """1234567 -> 1,234,567; what is no whole number stays as it is."""
    text = str(value)
    return f"{int(text):,}" if text.isascii() and text.isdigit() else text
