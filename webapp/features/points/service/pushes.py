"""Balances on their way to the storefronts: what a shop does not show yet, and what it shows."""

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.features.points.messages import CardPush


def prepare_push(
    ctx: Context, store_id: str, customers: list[str], *, again: bool = False
) -> CardPush | None:
    """The cards of these customers that the store does not show yet; None when it shows all.
    With `again` also those that it should be showing.

    Customers whose id is not one of Shopify's (files may hold others) have no metafields there.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": customers,
        "again": again,
    }
    cards = tuple((str(e), int(p), int(v)) for e, p, v in ctx.db.execute(text(_UNSHOWN), values))
    if store.access_token is None or not cards:
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store_id))
    return CardPush(store_id, store.shop_domain, token, cards)


_UNSHOWN = """
select i.external_id, c.points, c.version
from customer_identities i
join customer_cards c on c.merchant_id = i.merchant_id and c.customer_id = i.customer_id
left join metafield_projections p
    on p.merchant_id = i.merchant_id and p.store_id = i.store_id and p.external_id = i.external_id
where i.merchant_id = :merchant_id and i.store_id = :store_id and i.customer_id = any(:customers)
  and i.external_id ~ '^[0-9]{1,19}$' and (:again or c.version > coalesce(p.pushed_version, 0))
order by i.external_id
"""


def record_push(ctx: Context, push: CardPush, refused: frozenset[str]) -> None:
    """Note which versions the store shows now; `refused` names customers it would not take."""
    sql = text(
        """
        insert into metafield_projections
            (merchant_id, store_id, external_id, pushed_version, pushed_at, refused)
        select :merchant_id, :store_id, external_id, version, :wall, external_id = any(:refused)
        from unnest(cast(:ids as text[]), cast(:versions as bigint[])) as t(external_id, version)
        on conflict (merchant_id, store_id, external_id) do update
        set pushed_version = excluded.pushed_version, pushed_at = excluded.pushed_at,
            refused = excluded.refused
        where metafield_projections.pushed_version <= excluded.pushed_version
        """
    )
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": push.store_id,
        "ids": [external_id for external_id, _, _ in push.cards],
        "versions": [version for _, _, version in push.cards],
        "refused": sorted(refused),
        "wall": ctx.wall,
    }
    ctx.db.execute(sql, values)
    if refused:
        ctx.audit("metafields_refused", store_id=push.store_id, customers=sorted(refused))
