"""What shops tell us of: asked for, checked every hour, and caught up with after a loss."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, text

from webapp.core import inbox
from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.accounts.domain.subscriptions import missed_since, wanted
from webapp.features.accounts.messages import SubscriptionCheck
from webapp.features.accounts.models import WebhookSubscription


def check_all_subscriptions(ctx: Context) -> None:
    """Have the subscriptions of every connected store of the merchant checked."""
    connected = select(Store.store_id).where(
        Store.merchant_id == ctx.merchant_id, Store.access_token.is_not(None)
    )
    for store_id in ctx.db.scalars(connected.order_by(Store.store_id)).all():
        check_subscriptions(ctx, store_id)


def check_subscriptions(ctx: Context, store_id: str) -> None:
    """Have a store's subscriptions checked, and made where they are missing; also right after an
    install."""
    ctx.emit("subscriptions.due", new_id("chk_"), {"store_id": store_id})


def prepare_check(ctx: Context, store_id: str) -> SubscriptionCheck | None:
    """What to ask of the shop; None when we may not ask it any more, or want to know nothing."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    topics = wanted(inbox.received_topics(ctx.handlers, "shopify"))
    if store.access_token is None or not topics:
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store_id))
    return SubscriptionCheck(store_id, store.shop_domain, token, topics)


def record_check(
    ctx: Context,
    store_id: str,
    made: Sequence[str],
    refused: Mapping[str, str],
    there: Sequence[str],
) -> None:
    """Note how the subscriptions are now: `there` were as they should be, `made` were missing and
    have been made, `refused` say why they could not. What was there once and had to be made again
    was deleted meanwhile: the features hear from when on events may be missing."""
    before = _known(ctx, store_id)
    for topic in (*there, *made, *refused):
        row = before.get(topic)
        if row is None:
            row = WebhookSubscription(merchant_id=ctx.merchant_id, store_id=store_id, topic=topic)
            ctx.db.add(row)
        elif topic in made and row.subscribed_at is not None:
            _note_loss(ctx, row, row.subscribed_at)
        if topic not in refused and (topic in made or row.subscribed_at is None):
            row.subscribed_at = ctx.wall
        row.checked_at, row.reason = ctx.wall, refused.get(topic)
    ctx.db.flush()


def _known(ctx: Context, store_id: str) -> dict[str, WebhookSubscription]:
    sql = select(WebhookSubscription).where(
        WebhookSubscription.merchant_id == ctx.merchant_id,
        WebhookSubscription.store_id == store_id,
    )
    return {row.topic: row for row in ctx.db.scalars(sql)}


def _last_seen(ctx: Context, store_id: str, topic: str) -> datetime | None:
    """When the newest event of a topic came in."""
    sql = text(
        """
        select max(received_at) from inbound_events
        where merchant_id = :merchant_id and source = 'shopify' and topic = :topic
          and store_id = :store_id
        """
    )
    values = {"merchant_id": ctx.merchant_id, "topic": topic, "store_id": store_id}
    found: datetime | None = ctx.db.scalar(sql, values)
    return found


def _note_loss(ctx: Context, row: WebhookSubscription, subscribed_at: datetime) -> None:
    """A subscription that was there is gone: what was not told meanwhile has to be fetched."""
    row.lost_at = ctx.wall
    seen = _last_seen(ctx, row.store_id, row.topic)
    since = missed_since(seen, subscribed_at, row.checked_at, ctx.wall)
    if since is None:
        return
    lost = {
        "store_id": row.store_id,
        "topic": row.topic,
        "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    ctx.emit("subscriptions.lost", new_id("los_"), lost)
    ctx.audit("webhook_subscription_lost", **lost)
