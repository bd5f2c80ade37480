"""The widgets as they are configured, what they were before, and what the stores know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text

from webapp.core.context import Context
from webapp.core.messages import decode
from webapp.core.models import App, Store
from webapp.features.theme.messages import StoreState, WidgetConfig
from webapp.features.theme.models import ThemeConfiguration, ThemeStore, WidgetRender

SHOWN_WITHIN = timedelta(days=30)
MOST_REVISIONS = 20


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of the history: who changed which widget, and what they took back by it."""

    revision: int
    widget: str
    undoes: int | None
    actor_kind: str
    name: str | None
    created_at: datetime


def configured(ctx: Context) -> Mapping[str, WidgetConfig]:
    """Widget -> its configuration, of those that have one."""
    found = ctx.db.scalar(_CURRENT, {"merchant_id": ctx.merchant_id}) or {}
    return {name: decode(WidgetConfig, entry) for name, entry in found.items()}


def revision(ctx: Context) -> int:
    """The newest revision, 0 before the first."""
    return int(ctx.db.scalar(_REVISION, {"merchant_id": ctx.merchant_id}))


def history(ctx: Context) -> Sequence[Revision]:
    """The last changes, the newest first."""
    values = {"merchant_id": ctx.merchant_id, "most": MOST_REVISIONS}
    return [Revision(*row) for row in ctx.db.execute(_HISTORY, values)]


def configuration_of(ctx: Context, number: int) -> ThemeConfiguration | None:
    return ctx.db.get(ThemeConfiguration, (ctx.merchant_id, number))


def states(ctx: Context) -> Sequence[StoreState]:
    """The stores that the person looks at, by domain."""
    stores = (
        select(Store, App.api_key)
        .join(App, App.app_id == Store.app_id)
        .where(Store.merchant_id == ctx.merchant_id)
        .order_by(Store.shop_domain)
    )
    if ctx.store_id is not None:
        stores = stores.where(Store.store_id == ctx.store_id)
    told = {
        row.store_id: row
        for row in ctx.db.scalars(
            select(ThemeStore).where(ThemeStore.merchant_id == ctx.merchant_id)
        )
    }
    found = ctx.db.execute(stores)
    return [_state(store, api_key, told.get(store.store_id)) for store, api_key in found]


def _state(store: Store, api_key: str, told: ThemeStore | None) -> StoreState:
    return StoreState(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        api_key=api_key,
        connected=store.access_token is not None,
        revision=told.revision if told else None,
        theme_name=told.theme_name if told else None,
        blocks=tuple(told.blocks) if told else (),
        looked_at=told.looked_at if told else None,
        problem=told.problem if told else None,
    )


def showing_stores(ctx: Context) -> tuple[int, int]:
    """How many of the merchant's stores have shown a widget in the last 30 days, and how many
    stores there are."""
    since = (ctx.wall - SHOWN_WITHIN).date()
    showing = select(WidgetRender.store_id).where(
        WidgetRender.merchant_id == ctx.merchant_id, WidgetRender.rendered_on >= since
    )
    stores = select(Store.store_id).where(Store.merchant_id == ctx.merchant_id)
    return len({*ctx.db.scalars(showing)}), len(ctx.db.scalars(stores).all())


_CURRENT = text(
    "select theme_extension_config from program_settings where merchant_id = :merchant_id"
)
_REVISION = text(
    "select coalesce(max(revision), 0) from theme_configurations where merchant_id = :merchant_id"
)
_HISTORY = text(
    """
    select c.revision, c.widget, c.undoes, c.actor_kind, a.name, c.created_at
    from theme_configurations c
    left join admin_users a on c.actor_kind = 'admin' and a.merchant_id = c.merchant_id
        and a.admin_user_id = c.actor_id
    where c.merchant_id = :merchant_id
    order by c.revision desc limit :most
    """
)
