"""The frame around every page of the dashboard: navigation, stores, language, notices."""

from typing import Any

from flask import g, render_template
from sqlalchemy import select

from webapp.core import discovery, i18n
from webapp.core.context import Context
from webapp.core.contract import GROUPS
from webapp.core.models import Merchant, Store
from webapp.entry import embedded, parts
from webapp.features.accounts.messages import AdminSignedIn

HOME = i18n.N_("dashboard.overview", "Overview")


def address(path: str) -> str:
    """The address of the dashboard's page at `path` (empty for the overview), where this person
    has opened it: inside Shopify's admin, directly, or as an operator."""
    prefix = embedded.PREFIX if embedded.asked() else g.get("ops_prefix", "/admin")
    return f"{prefix}/{path}"


def shop_admin(shop: str) -> str:
    """Where a shop's own admin begins, e.g. `https://nest.myshopify.com`."""
    return parts().settings.shopify_admin_url.format(shop=shop)


def may_change() -> bool:
    """Whether this page shows forms: an operator who reads a merchant can send none."""
    return not str(g.get("ops_prefix", "")).startswith("/ops/merchants/")


def render(
    ctx: Context,
    admin: AdminSignedIn,
    template: str,
    path: str,
    title: tuple[str, str],
    **values: Any,
) -> str:
    """A page of the dashboard as this person sees it."""
    merchant = ctx.db.get_one(Merchant, ctx.merchant_id)
    return render_template(
        template,
        locale=ctx.locale,
        dir=i18n.direction(ctx.locale),
        embedded=embedded.asked(),
        api_key=embedded.key_of_app(),
        merchant_name=merchant.name,
        stores=stores(ctx),
        store_id=ctx.store_id,
        now=ctx.now,
        path=path,
        title=i18n.text(ctx.locale, *title),
        nav=navigation(ctx.locale, path, admin.permissions),
        locales=[{"tag": tag, "name": i18n.native_name(tag)} for tag in i18n.LOCALES],
        admin_name=admin.name,
        **values,
    )


def stores(ctx: Context) -> list[dict[str, str]]:
    """The stores to choose from: [{"id", "domain", "name"}, ...], by domain."""
    columns = select(Store.store_id, Store.shop_domain, Store.name)
    own = columns.where(Store.merchant_id == ctx.merchant_id).order_by(Store.shop_domain)
    return [
        {"id": store_id, "domain": domain, "name": name or domain.partition(".")[0]}
        for store_id, domain, name in ctx.db.execute(own)
    ]


def navigation(locale: str, current: str, permissions: frozenset[str]) -> list[dict[str, Any]]:
    """The groups of pages that this person may open: [{"name", "links": [...]}, ...]."""
    home = {
        "href": address(""),
        "label": i18n.text(locale, *HOME),
        "current": current == "",
    }
    groups = [{"name": "", "links": [home]}]
    for group, name in GROUPS.items():
        links = [
            {
                "href": address(path),
                "label": i18n.text(locale, *page.title),
                "current": current == path,
            }
            for path, (_, page) in discovery.pages().items()
            if page.group == group and page.permission in permissions
        ]
        if links:
            groups.append({"name": i18n.text(locale, *name), "links": links})
    return groups
