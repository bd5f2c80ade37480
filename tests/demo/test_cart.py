from flask.testing import FlaskClient

from webapp.demo.cart import Cart


def _cart(client: FlaskClient) -> str:
    return client.get("/cart").text


def test_things_are_added_changed_and_removed(client: FlaskClient) -> None:
    added = client.post("/de/cart/add", data={"id": "4005", "quantity": "2"})
    assert (added.status_code, added.headers["Location"]) == (303, "/de/cart")
    assert "$144.00" in _cart(client)
    client.post("/cart/update", data={"updates[4005]": "3"})
    assert "$216.00" in _cart(client)
    client.post("/cart/change?id=4005&quantity=0")
    assert "Your cart is empty." in _cart(client)


def test_adding_again_adds_up(client: FlaskClient) -> None:
    for _ in range(2):
        client.post("/cart/add", data={"id": "4004"})
    assert "$56.00" in _cart(client)


def test_what_the_shop_does_not_sell_is_left_out() -> None:
    assert str(Cart("4001-2.9999-1.x-1.4002-y.4003-0.4004--1")) == "4001-2"


def test_nobody_takes_more_than_99() -> None:
    cart = Cart("4001-98")
    cart.add("4001", "50")
    assert str(cart) == "4001-99"
