"""Customers as a shop makes, merges and deletes them, and who of them is a member.

Everybody who has an account or an order in the shop is a member: one row of `users`, the home of
all that they will ever own, and one identity. What is told of them goes to the other features in
sets of external ids, never with an address.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import new_id
from webapp.features.orders.domain.people import Merge
from webapp.features.orders.service.erasing import erase_contacts
from webapp.features.orders.service.rows import lock

TOLD_A_MESSAGE = 500


def make_members(ctx: Context, store_id: str, customers: Iterable[str]) -> list[str]:
    """Make members of those of these customers who are none yet; who they are."""
    lock(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": sorted(set(customers)),
    }
    return [str(customer) for customer in ctx.db.scalars(_MAKE, values)]


_MAKE = text(
    """
    with fresh as materialized (
        select customer, new_id('cus_') as customer_id, new_id('shc_') as shared_customer_id
        from unnest(cast(:customers as text[])) as told(customer)
        where not exists (
            select from customer_identities i
            where i.merchant_id = :merchant_id and i.store_id = :store_id
              and i.external_id = told.customer
        )
    ), met as (
        insert into users (merchant_id, customer_id, shared_customer_id)
        select :merchant_id, customer_id, shared_customer_id from fresh
    ), named as (
        insert into customer_identities (merchant_id, store_id, external_id, customer_id)
        select :merchant_id, :store_id, customer, customer_id from fresh
    )
    select customer from fresh order by customer
    """
)


def strangers(ctx: Context, store_id: str, customers: Iterable[str]) -> list[str]:
    """Those of these customers who are no members yet."""
    lock(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": sorted(set(customers) - {""}),
    }
    return [str(customer) for customer in ctx.db.scalars(_STRANGERS, values)]


_STRANGERS = text(
    """
    select customer from unnest(cast(:customers as text[])) as told(customer)
    where not exists (
        select from customer_identities i
        where i.merchant_id = :merchant_id and i.store_id = :store_id
          and i.external_id = told.customer
    )
    """
)


def tell_of(
    ctx: Context, topic: str, store_id: str, customers: Iterable[str], joined: Iterable[str] = ()
) -> None:
    """Let the other features know that something happened to these customers of a store, in sets.

    `customers.told`: another address, another proof of one, or a new member (those have `joined`);
    `customers.deleted`: gone from the shop; `customers.redacted`: to be forgotten.
    """
    new = set(joined)
    wanted = sorted({*customers, *new})
    groups = [wanted[at : at + TOLD_A_MESSAGE] for at in range(0, len(wanted), TOLD_A_MESSAGE)]
    ctx.emit_all(
        topic,
        [
            (
                new_id("peo_"),
                {
                    "store_id": store_id,
                    "customers": group,
                    **({"joined": also} if (also := [one for one in group if one in new]) else {}),
                },
            )
            for group in groups
        ],
    )


def tell_of_claims(ctx: Context, store_id: str, claims: Sequence[str]) -> None:
    """Let claims of friends be forgotten as well, who may be no customers: `customers.redacted`
    with their ids, so that no address travels."""
    groups = [claims[at : at + TOLD_A_MESSAGE] for at in range(0, len(claims), TOLD_A_MESSAGE)]
    told = [{"store_id": store_id, "customers": [], "claims": list(group)} for group in groups]
    ctx.emit_all("customers.redacted", [(new_id("peo_"), payload) for payload in told])


def merge_customers(ctx: Context, merges: Mapping[str, Sequence[Merge]]) -> None:
    """Take in that a shop has made one customer of two, by store id.

    Both are members from now on, also where neither has bought yet: an order of the lost one that
    comes late finds its way to the kept one by the merge of the members, which is told by topic
    once for each pair. The lost one cannot be reached any more.
    """
    for store_id, told in merges.items():
        pairs = list(dict.fromkeys(told))
        make_members(ctx, store_id, [one for pair in pairs for one in (pair.lost, pair.kept)])
        erase_contacts(ctx, store_id, [pair.lost for pair in pairs])
        for pair in pairs:
            payload = {"store_id": store_id, "lost": pair.lost, "kept": pair.kept}
            ctx.emit("customers.merged", f"{store_id}:{pair.lost}:{pair.kept}", payload)


def delete_customers(ctx: Context, store_id: str, customers: Sequence[str]) -> None:
    """Take in that customers are gone from their shop: nobody can reach them there, and what they
    have bought stays. A customer number is never given to another."""
    erase_contacts(ctx, store_id, customers)
    tell_of(ctx, "customers.deleted", store_id, customers)
