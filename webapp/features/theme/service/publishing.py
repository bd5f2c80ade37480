"""Lets the stores know how the widgets are configured, and asks which blocks their themes have.

Shopify has no call that places a block in a theme: the merchant does it in the theme editor, and
the blocks read their configuration from a metafield of the app's own when a page is rendered.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from webapp.core import i18n
from webapp.core.colours import readable
from webapp.core.context import Context
from webapp.core.messages import decode, encode
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.theme.domain.blocks import blocks_in
from webapp.features.theme.domain.experiments import ARMS
from webapp.features.theme.messages import ThemeCall, ThemeSeen, WidgetConfig
from webapp.features.theme.models import WidgetTest
from webapp.features.theme.queries.configuration import configured, revision
from webapp.features.theme.queries.experiments import running_tests


def publish(ctx: Context, stores: Iterable[str] | None = None) -> None:
    """Have these stores of the merchant, or all, told the newest configuration."""
    ctx.emit_all("theme.configuration_due", _requests(ctx, stores))


def look(ctx: Context, stores: Iterable[str] | None = None) -> None:
    """Have the themes of these stores, or of all, looked at: which of our blocks they have."""
    ctx.emit_all("theme.look_due", _requests(ctx, stores))


def _requests(ctx: Context, stores: Iterable[str] | None) -> list[tuple[str, dict[str, str]]]:
    own = ctx.db.scalars(_STORES, {"merchant_id": ctx.merchant_id})
    chosen = own if stores is None else set(own) & set(stores)
    return [(new_id("thm_"), {"store_id": one}) for one in sorted(chosen)]


def prepare_call(ctx: Context, store_id: str) -> ThemeCall | None:
    """What a call for the store's theme needs, with the newest configuration; None for a store that
    we may not write to."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    if store.access_token is None:
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store_id))
    return ThemeCall(
        store_id=store_id,
        shop_domain=store.shop_domain,
        access_token=token,
        revision=revision(ctx),
        configuration=published(configured(ctx), running_tests(ctx)),
    )


def compact(widget: WidgetConfig) -> dict[str, Any]:
    """What is stored of a configuration: without what is absent."""
    return {name: value for name, value in encode(widget).items() if value not in (None, {})}


def published(
    widgets: Mapping[str, WidgetConfig], tests: Mapping[str, WidgetTest]
) -> dict[str, Any]:
    """What the blocks read: widget -> entry, and in it the test that is running."""
    entries = {name: published_entry(widget) for name, widget in widgets.items()}
    for name, test in tests.items():
        entries[name] = {
            **entries.get(name, {"widget": name}),
            "test": {
                "id": test.test_id,
                "key": test.key,
                "arms": ARMS,
                "variant": published_entry(decode(WidgetConfig, test.variant)),
            },
        }
    return entries


def published_entry(widget: WidgetConfig) -> dict[str, Any]:
    """A configuration with its texts by Shopify's names of languages, and its text in a colour that
    can be read on the background."""
    entry = compact(widget)
    if widget.background is not None:
        entry["text"] = readable(widget.text, widget.background)
    if widget.texts:
        entry["texts"] = {
            name: asdict(said)
            for tag, said in widget.texts.items()
            for name in i18n.shopify_tags(tag)
        }
    return entry


def record_configuration(ctx: Context, call: ThemeCall) -> None:
    """Note which revision the store was told."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": call.store_id,
        "revision": call.revision,
        "wall": ctx.wall,
    }
    ctx.db.execute(_TOLD, values)


def record_look(ctx: Context, call: ThemeCall, seen: ThemeSeen) -> None:
    """Note which of our blocks are in the store's theme; with a problem, what was known stays."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": call.store_id,
        "wall": ctx.wall,
        "theme_name": seen.name,
        "blocks": json.dumps([asdict(block) for block in blocks_in(seen.files)]),
        "problem": seen.problem or None,
    }
    ctx.db.execute(_SEEN, values)


_STORES = text("select store_id from stores where merchant_id = :merchant_id order by store_id")
_TOLD = text(
    """
    insert into theme_stores (merchant_id, store_id, revision, published_at)
    values (:merchant_id, :store_id, :revision, :wall)
    on conflict (merchant_id, store_id) do update
    set revision = excluded.revision, published_at = excluded.published_at
    """
)
_SEEN = text(
    """
    insert into theme_stores (merchant_id, store_id, theme_name, blocks, looked_at, problem)
    values (:merchant_id, :store_id, :theme_name, cast(:blocks as jsonb),
        case when cast(:problem as text) is null then cast(:wall as timestamptz) end, :problem)
    on conflict (merchant_id, store_id) do update
    set problem = excluded.problem,
        theme_name = case when excluded.problem is null then excluded.theme_name
            else theme_stores.theme_name end,
        blocks = case when excluded.problem is null then excluded.blocks
            else theme_stores.blocks end,
        looked_at = coalesce(excluded.looked_at, theme_stores.looked_at)
    """
)
