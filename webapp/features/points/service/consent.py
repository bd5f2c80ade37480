"""What members say to being one member over all stores."""

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.features.points.messages.identities import LinkingSet, SetLinking
from webapp.features.points.service import ledger
from webapp.features.points.service.identities import unmerge_all
from webapp.features.points.service.matching import match

LINKING_CONSENT_SET = "linking_consent_set"


def set_linking(ctx: Context, message: SetLinking) -> LinkingSet:
    """Keep what a member says at one store. With yes they are linked at once with who they are in
    the other shared stores; with no their customers of this store are parted from the others, keep
    what they earned there, and are never linked until they say yes. What the shop itself merged
    stays."""
    holder = ledger.lock_members(ctx, [message.customer_id])[message.customer_id]
    allow = message.allow == "yes"
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": message.store_id,
        "external_id": message.external_id,
        "homes": list(holder.homes),
        "allow": allow,
        "wall": ctx.wall,
    }
    ctx.db.execute(_SAY, values)
    ctx.audit(
        LINKING_CONSENT_SET,
        customer_id=holder.member,
        store_id=message.store_id,
        allow=allow,
    )
    ctx.stale(cache.points_tag(holder.member))
    if allow:
        match(ctx, message.store_id, [message.external_id])
    else:
        unmerge_all(ctx, ctx.db.scalars(_ACROSS, values), "shopper")
    return LinkingSet(allow)


# The customers of this store are one person for the shop too, so one answer is all of theirs.
_SAY = text(
    """
    update customer_identities
    set linking_consent = :allow, linking_consent_at = :wall
    where merchant_id = :merchant_id and store_id = :store_id and customer_id = any(:homes)
    """
)

# What links a home of this store with one that has no customer here.
_ACROSS = text(
    """
    with here as (
        select customer_id as home from customer_identities
        where merchant_id = :merchant_id and store_id = :store_id and customer_id = any(:homes)
    )
    select link_id from identity_links l
    where l.merchant_id = :merchant_id and l.kind = 'merge' and l.undone_by is null
      and l.reason <> 'shopify'
      and (l.kept_home = any(:homes) or l.lost_home = any(:homes))
      and (l.kept_home in (select home from here)) <> (l.lost_home in (select home from here))
    """
)
