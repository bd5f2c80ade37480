"""Lets members know that their points count in more stores than before."""

from collections.abc import Mapping

from sqlalchemy import text

from webapp.core.context import Context


def tell_shared(ctx: Context, links: Mapping[str, str]) -> None:
    """Say by topic, once for each link (link id -> member) and store, that the member's points can
    be seen and spent there: where they are customers of two stores or more, and have any points.
    Whoever said no to being linked is told nothing."""
    values = {
        "merchant_id": ctx.merchant_id,
        "links": list(links),
        "members": [links[link] for link in links],
    }
    messages = [
        (
            f"{row.link_id}:{row.store_id}",
            {"store_id": row.store_id, "customer_id": row.member, "balance": row.points},
        )
        for row in ctx.db.execute(_SHARED, values)
    ]
    ctx.emit_all("points.shared", messages)


_SHARED = text(
    """
    with asked as (
        select a.link_id, coalesce(u.merged_into, u.customer_id) as member
        from unnest(cast(:links as text[]), cast(:members as text[])) as a(link_id, customer_id)
        join users u on u.merchant_id = :merchant_id and u.customer_id = a.customer_id
    ), known as (
        select a.link_id, a.member, i.store_id,
               bool_or(coalesce(i.linking_consent, true)) as agreed
        from asked a
        join users h on h.merchant_id = :merchant_id
            and (h.customer_id = a.member or h.merged_into = a.member)
        join customer_identities i
            on i.merchant_id = h.merchant_id and i.customer_id = h.customer_id
        group by a.link_id, a.member, i.store_id
    )
    select k.link_id, k.member, k.store_id, c.points
    from known k
    join customer_cards c on c.merchant_id = :merchant_id and c.customer_id = k.member
    where c.points > 0 and k.agreed
      and (select count(*) from known o where o.link_id = k.link_id) > 1
    order by k.link_id, k.store_id
    """
)
