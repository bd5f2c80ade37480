"""What a browser keeps for a shop. Cookies do not tell ports apart, so names tell shops apart."""

from flask import current_app, request
from werkzeug.wrappers import Response

TAG = "COOKIE_TAG"
CUSTOMER, CART, CODE = "nest_bloom_customer", "nest_bloom_cart", "discount_code"


def kept(name: str) -> str:
    """What the browser sent; nothing when there is none."""
    return request.cookies.get(_full(name), "")


def keep(answer: Response, name: str, value: str) -> None:
    """Let the browser keep it until it is closed."""
    answer.set_cookie(_full(name), value, httponly=True, samesite="Lax")


def forget(answer: Response, name: str) -> None:
    answer.delete_cookie(_full(name))


def _full(name: str) -> str:
    return f"{name}{current_app.config.get(TAG, '')}"
