"""How right the storefronts are: as they were found at the last reconciliation, and, before there
was one, as we believe them to be."""

from datetime import timedelta

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.contract import Measured

# How long a card may take to a storefront before it counts as out of step.
ON_ITS_WAY = timedelta(minutes=5)

# Every customer of a connected store whose card is to be shown there, with the member they are.
# Customers whose id is not one of Shopify's (files may hold others) have no metafields.
SHOWN = """
    select i.store_id, i.external_id, c.customer_id, c.version, c.points, c.tier, c.score,
           m.shared_customer_id, m.created_at, p.digest, p.pushed_at, p.reason, p.lag_ms,
           coalesce(p.refused, false) as refused,
           c.version <= coalesce(p.pushed_version, 0)
               and coalesce(p.customer_id, i.customer_id) = c.customer_id as pushed
    from customer_identities i
    join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
    join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
    join users m on m.merchant_id = i.merchant_id
        and m.customer_id = coalesce(u.merged_into, u.customer_id)
    join customer_cards c on c.merchant_id = i.merchant_id and c.customer_id = m.customer_id
    left join metafield_projections p on p.merchant_id = i.merchant_id
        and p.store_id = i.store_id and p.external_id = i.external_id
    where i.merchant_id = :merchant_id and s.access_token is not null
      and i.external_id ~ '^[0-9]{1,19}$'
"""

# Whether a card that is not shown yet, in a row of SHOWN called `b`, changed a moment ago.
CHANGED_JUST_NOW = """
    b.created_at > now() - :on_its_way or exists (
        select from users h
        join points_transactions t
            on t.merchant_id = h.merchant_id and t.customer_id = h.customer_id
        where h.merchant_id = :merchant_id
          and (h.customer_id = b.customer_id or h.merged_into = b.customer_id)
          and t.recorded_at > now() - :on_its_way
    )
"""


def sync_accuracy(ctx: Context) -> Measured:
    """What the last finished reconciliation read back as it should be, of all it judged.

    Before there is one: cards that connected stores should be showing by our own books. A card that
    changed within ON_ITS_WAY and is not there yet counts for neither; one that the store refuses
    counts as wrong, for its customer does not see it.
    """
    found = ctx.db.execute(_LAST_RUN, {"merchant_id": ctx.merchant_id}).one_or_none()
    if found is not None:
        return Measured(*found)
    values = {"merchant_id": ctx.merchant_id, "on_its_way": ON_ITS_WAY}
    return Measured(*ctx.db.execute(_BY_OUR_BOOKS, values).one())


_LAST_RUN = text(
    """
    select matched, matched + mismatched from sync_runs
    where merchant_id = :merchant_id and finished_at is not null and matched + mismatched > 0
    order by run_id desc
    limit 1
    """
)
# Only cards that are behind are asked for how long, so that a large shop costs one pass.
_BY_OUR_BOOKS = text(
    f"""
    with balances as ({SHOWN}), judged as (
        select pushed, refused, not pushed and ({CHANGED_JUST_NOW}) as on_its_way from balances b
    )
    select count(*) filter (where pushed and not refused), count(*) filter (where not on_its_way)
    from judged
    """  # noqa: S608 - made of the constants above
)
