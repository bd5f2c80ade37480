"""Whose points these are: members with their homes, locked so that what is read of them stays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.errors import CUSTOMER_NOT_FOUND, AppError


@dataclass(frozen=True, slots=True)
class Holder:
    """A member, and the homes that their entries and lots belong to: at least the member's own."""

    member: str
    homes: tuple[str, ...]


def hold(ctx: Context, customers: Iterable[str]) -> dict[str, Holder]:
    """Lock the members that these homes or members are, until the transaction ends, and tell the
    holder of each. Members are locked in the order of their ids, so that nobody waits crosswise.

    Raises AppError(customer_not_found).
    """
    asked = sorted(set(customers))
    while True:
        members = _members(ctx, asked)
        values = {"merchant_id": ctx.merchant_id, "members": sorted(set(members.values()))}
        ctx.db.execute(_LOCK, values)
        # Somebody may have merged or parted them while we waited.
        if _members(ctx, asked) == members:
            break
    homes: dict[str, list[str]] = {}
    for home, member in ctx.db.execute(_HOMES, values):
        homes.setdefault(member, []).append(home)
    return {customer: Holder(m, tuple(homes[m])) for customer, m in members.items()}


def _members(ctx: Context, customers: list[str]) -> Mapping[str, str]:
    values = {"merchant_id": ctx.merchant_id, "customers": customers}
    found = {str(home): str(member) for home, member in ctx.db.execute(_MEMBERS, values)}
    for customer in customers:
        if customer not in found:
            raise AppError(CUSTOMER_NOT_FOUND, customer=customer)
    return found


_MEMBERS = text(
    """
    select customer_id, coalesce(merged_into, customer_id)
    from users where merchant_id = :merchant_id and customer_id = any(:customers)
    """
)
_LOCK = text(
    """
    select customer_id from users
    where merchant_id = :merchant_id and customer_id = any(:members)
    order by customer_id
    for no key update
    """
)
_HOMES = text(
    """
    select customer_id as home, coalesce(merged_into, customer_id) as member
    from users
    where merchant_id = :merchant_id
      and (customer_id = any(:members) or merged_into = any(:members))
    order by customer_id
    """
)
