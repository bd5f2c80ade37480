"""What every answer says of itself: who may frame it, what it may load, that it is not guessed at.

Only the dashboard inside Shopify's admin may be framed, by that shop's admin alone, and only it
loads anything from elsewhere: App Bridge and the Polaris web components from Shopify's CDN.
Source: shopify.dev, "Set up iframe protection".
"""

from flask import Response, current_app, g

from webapp.core.words import shop_domain
from webapp.entry import embedded

CDN = "https://cdn.shopify.com"
ADMIN = "https://admin.shopify.com"
OURS = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
DIRECT = f"{OURS}form-action 'self'; frame-ancestors 'none'"
ONLY_HTTPS = "max-age=31536000"
HEADERS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


def guard(response: Response) -> Response:
    """Set the headers that an answer does not have yet, also of a wrong address."""
    policy = embedded_policy() if embedded.asked() else DIRECT
    response.headers.setdefault("Content-Security-Policy", policy)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", ONLY_HTTPS)
    return response


def embedded_policy() -> str:
    """The policy of a page inside Shopify's admin. Before a token has named the shop, only what is
    the same for all shops may frame it."""
    shop = shop_domain(str(g.get("frame_shop") or ""))
    frames = f"https://{shop} {ADMIN}" if shop else ADMIN
    return (
        f"default-src 'self'; script-src 'self' {CDN}; style-src 'self' {CDN}; "
        f"font-src 'self' {CDN}; img-src 'self' data: {CDN}; connect-src 'self' {CDN}; "
        f"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
    )
