"""Renders the extension's Liquid as the demo shop does, without a shop around it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from webapp.core.i18n import shopify_tags
from webapp.core.liquid.blocks import Files
from webapp.core.liquid.filters import PAGE
from webapp.core.liquid.wording import ExtensionSide

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "extensions" / "loyalnest"
ROUTES = {
    "root_url": "/",
    "account_url": "/account",
    "account_login_url": "/account/login",
    "account_register_url": "/account/register",
}
SETTINGS = {
    "heading": "",
    "accent": None,
    "background": None,
    "text": None,
    "corner": "as_set",
    "guests": "as_set",
    "show_account": True,
}


def member(balance: object) -> dict[str, object]:
    """A signed-in customer with that balance; None when it was never written."""
    held = {} if balance is None else {"points_balance": {"value": balance}}
    return {"id": 7, "metafields": {"$app:loyalnest": held}}


class Block:
    """A widget's block in one of Shopify's locales, on a page of the shop, as configured: widget ->
    entry."""

    def __init__(
        self,
        locale: str,
        assets: str = "/assets",
        widget: str = "points_display",
        template: str = "index",
        config: Mapping[str, object] | None = None,
    ) -> None:
        self.widget = widget
        self.files = Files(EXTENSION, ExtensionSide(EXTENSION, assets))
        self.scope: dict[str, object] = {
            PAGE: SimpleNamespace(locale=locale),
            "request": {"locale": {"iso_code": locale}},
            "routes": ROUTES,
            "template": {
                "name": template.rpartition("/")[2],
                "directory": template.rpartition("/")[0] or None,
            },
            "app": {"metafields": {"loyalnest": {"theme_extension_config": {"value": config}}}},
        }

    def render(self, customer: object = None, block_id: str = "b1", **settings: object) -> str:
        """The HTML for a customer, or for a guest."""
        block = {"id": block_id, "settings": SETTINGS | settings, "shopify_attributes": ""}
        template = self.files.environment.get_template(f"blocks/{self.widget}")
        return template.render(**self.scope, customer=customer, block=block)

    def snippet(self, source: str, **values: object) -> str:
        """A piece of Liquid that uses the extension's snippets."""
        return self.files.environment.render(source, **self.scope, **values)


def block(tag: str, **more: Any) -> Block:
    """A block in one of our languages."""
    return Block(shopify_tags(tag)[0], **more)
