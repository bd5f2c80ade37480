"""A shop whose members bring friends: what tests of referrals do there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from tests.factories import FixedClock, Tenant, make_tenant
from tests.features.points import buying
from webapp.core import deliveries
from webapp.core.addresses import email_hash, pepper, phone_hash
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.features.points import service
from webapp.features.points.jobs import referrals as jobs
from webapp.features.points.messages.referrals import (
    STARTER,
    ClaimReferral,
    CreateReferralLink,
    ReferralClaimed,
)

FOLLOW = "points.follow_friends"


@dataclass(frozen=True)
class Friends:
    """One shop with a running programme."""

    database: Database
    clock: FixedClock
    tenant: Tenant

    def ask(self, sql: str, **values: object) -> list[Row[Any]]:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql), values)
            return list(found) if found.returns_rows else []

    def give(self, **changes: Any) -> None:
        """What the programme gives: the starter values with these changes."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            service.save_referral_programme(ctx, replace(STARTER, **changes))

    def member(self, store_id: str = "", **contact: str) -> str:
        """A member who is one customer of the store, under the same id."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            home = buying.meet(ctx, store_id or self.tenant.store_id)
            if contact:
                reach(ctx, store_id or self.tenant.store_id, home, **contact)
        return home

    def contact(self, external_id: str, **contact: str) -> None:
        """How a customer who has not ordered may be reached."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            reach(ctx, self.tenant.store_id, external_id, **contact)

    def link(self, member: str) -> str:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            return service.create_referral_link(ctx, CreateReferralLink(member)).code

    def claim(
        self, code: str, customer: str | None = None, email: str | None = None, store: str = ""
    ) -> ReferralClaimed:
        message = ClaimReferral(code, store or self.tenant.store_id, None, customer, email)
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            return service.claim_referral(ctx, message)

    def order(
        self,
        home: str | None,
        minor: int = 5_000,
        *,
        at: datetime | None = None,
        codes: Sequence[str] = (),
        store_id: str = "",
    ) -> int:
        """A paid order, heard of by topic; its id."""
        store = store_id or self.tenant.store_id
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            key = buying.new_id("o")
            values = {
                "m": ctx.merchant_id,
                "s": store,
                "k": key,
                "c": home,
                "at": at or self.clock.at,
                "minor": minor,
                "codes": list(codes),
            }
            order_id = int(ctx.db.scalar(_ORDER, values) or 0)
            payload = {"store_id": store, "first": order_id, "last": order_id}
            ctx.emit("orders.paid", key, payload)
        self.follow()
        return order_id

    def refund(self, order_id: int, minor: int) -> None:
        """Money given back for an order, heard of by topic."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            values = {
                "m": ctx.merchant_id,
                "s": self.tenant.store_id,
                "k": buying.new_id("r"),
                "at": self.clock.at,
                "minor": minor,
                "order": order_id,
            }
            refund_id = ctx.db.scalar(_REFUND, values)
            payload = {"store_id": self.tenant.store_id, "first": refund_id, "last": refund_id}
            ctx.emit("orders.refunded", str(refund_id), payload)
        self.follow()

    def cancel(self, order_id: int) -> None:
        self.ask("update orders set cancelled_at = ordered_at where order_id = :o", o=order_id)
        self.emit("orders.cancelled", {"store_id": self.tenant.store_id, "orders": [order_id]})

    def merge(self, kept: str, lost: str) -> None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            buying.merge(ctx, kept, lost)
        self.emit("members.merged", {"member": kept, "homes": [lost], "link_id": "x"})

    def emit(self, topic: str, payload: dict[str, Any]) -> None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            ctx.emit(topic, buying.new_id("k"), payload)
        self.follow()

    def follow(self) -> None:
        """What a worker does when the bell of friends rings."""
        merchant_id = self.tenant.merchant_id
        with self.database.transaction(merchant_id) as ctx:
            messages = deliveries.claim(ctx.db, merchant_id, FOLLOW, 100)
            jobs.follow_friends(ctx, messages)
            deliveries.finish(ctx.db, merchant_id, FOLLOW, messages)

    def wait(self, days: float) -> None:
        """Time passes, and what is due is granted."""
        self.clock.advance(days=days)
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            jobs.grant_due(ctx)

    def state(self, claim_id: str | None) -> tuple[str, str | None]:
        """State and reason of a claim."""
        sql = "select state, reason from referral_claims where claim_id = :c"
        ((state, reason),) = self.ask(sql, c=claim_id)
        return state, reason

    def points(self, member: str) -> int:
        """What the ledger says, which lots and balance must say as well."""
        sql = """
            select (select coalesce(sum(points), 0) from points_transactions
                    where customer_id = any(h.homes)),
                   (select coalesce(sum(remaining), 0) from points_lots
                    where customer_id = any(h.homes))
                   - (select coalesce(sum(points), 0) from points_deficits
                      where customer_id = any(h.homes))
            from (select array_agg(customer_id) as homes from users
                  where customer_id = :c or merged_into = :c) as h
        """
        ((entries, lots),) = self.ask(sql, c=member)
        assert entries == lots
        return int(entries)

    def told(self, topic: str) -> list[dict[str, Any]]:
        """The payloads of what was said by topic."""
        return [p for (p,) in self.ask("select payload from outbox where topic = :t", t=topic)]


_ORDER = text(
    """
    insert into orders (
        merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor, discount_codes
    ) values (:m, :s, :k, :c, :at, :minor, :codes) returning order_id
    """
)
_REFUND = text(
    """
    insert into refunds (
        merchant_id, store_id, external_id, refunded_at, amount_minor, order_key
    ) select :m, :s, :k, :at, :minor, external_id from orders where order_id = :order
    returning refund_id
    """
)


def reach(ctx: Context, store_id: str, external_id: str, email: str = "", phone: str = "") -> None:
    """The hashes of a customer's addresses."""
    key = pepper(ctx)
    values = {
        "m": ctx.merchant_id,
        "s": store_id,
        "x": external_id,
        "email": email_hash(key, email),
        "phone": phone_hash(key, phone),
        "at": ctx.now,
    }
    sql = """
        insert into customer_contacts
            (merchant_id, store_id, external_id, updated_at, email_hash, phone_hash)
        values (:m, :s, :x, :at, :email, :phone)
    """
    ctx.db.execute(text(sql), values)


def begun(database: Database, clock: FixedClock, **changes: Any) -> Friends:
    """A shop in New York that gives 250 points for a friend, and the friend 10 % off."""
    made = Friends(database, clock, make_tenant(database, timezone="America/New_York"))
    made.give(**changes)
    return made


def refused(result: ReferralClaimed) -> str | None:
    """Why a claim was refused."""
    assert result.state == "refused"
    assert result.claim_id is None
    return result.reason


__all__ = ["Friends", "begun", "reach", "refused"]
