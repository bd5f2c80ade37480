"""The three webhooks that every public app must take, and that no subscription asks for.

Source: shopify.dev, "Privacy law compliance". Their address is in the app's configuration; here it
is the one where the shop's other webhooks go, unless one is given.
"""

from collections.abc import Mapping

from webapp.demo.standins.exchange import as_mapping
from webapp.demo.standins.shopify.delivery import Deliveries
from webapp.demo.standins.shopify.state import ShopState

TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
_SHOP_ID = 1


def ask(state: ShopState, deliveries: Deliveries, said: Mapping[str, object]) -> str:
    """Send one of them, for a customer or the shop; its address. ValueError: it cannot be sent."""
    topic, uri = str(said.get("topic")), str(said.get("uri") or _address(state))
    if topic not in TOPICS or not uri:
        raise ValueError(f"{topic or 'nothing'} cannot be sent to {uri or 'no address'}")
    payload: dict[str, object] = {"shop_id": _SHOP_ID, "shop_domain": state.shop.domain}
    if topic != "shop/redact":
        payload |= _of_customer(state, int(str(said["customer"])), topic)
    deliveries.tell_one(state, topic, uri, payload)
    return uri


def _of_customer(state: ShopState, number: int, topic: str) -> Mapping[str, object]:
    with state.lock:
        one = state.customer(number)
        placed = [o.number for o in state.orders.values() if o.customer == number]
    customer = {"id": number, "email": one.email, "phone": one.phone}
    if topic == "customers/redact":
        return {"customer": customer, "orders_to_redact": placed}
    request = as_mapping({"id": state.number()})
    return {"customer": customer, "orders_requested": placed, "data_request": request}


def _address(state: ShopState) -> str:
    with state.lock:
        return next((hook.uri for hook in state.hooks.values()), "")
