"""A member with points, for tests of the ledger."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from tests.factories import FixedClock, Tenant, make_tenant
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore
from webapp.features.points import queries, service
from webapp.features.points.messages import OrderRange
from webapp.features.points.models import PointsRate, PointsRule
from webapp.features.points.queries import checks


class Shop:
    """A merchant's ledger, worked by hand: orders and refunds are rows, as the feature `orders`
    would write them, and each is told at once."""

    def __init__(self, database: Database, clock: FixedClock, **store: str) -> None:
        self.database, self.clock = database, clock
        self.tenant: Tenant = make_tenant(database, **store)
        self.merchant_id, self.store_id = self.tenant.merchant_id, self.tenant.store_id
        self.versions = 1

    @contextmanager
    def open(self) -> Iterator[Context]:
        with self.database.transaction(self.merchant_id) as ctx:
            yield ctx

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.open() as ctx:
            return [tuple(row) for row in ctx.db.execute(text(sql), values)]

    def add_store(
        self, currency: str = "USD", timezone: str = "UTC", access_token: str | None = None
    ) -> str:
        number = new_id("").lower().replace("_", "").replace("-", "")[:12]
        with self.open() as ctx:
            app = ctx.db.scalar(text("select app_id from stores limit 1"))
            domain = f"x{number}.myshopify.com"
            store = ConnectStore(domain, app, currency, timezone, access_token)
            return accounts.connect_store(ctx, store)

    def rule(self, rates: Mapping[str, str] | None = None, **changed: Any) -> int:
        """Put another version of the rules in force, from now on."""
        self.versions += 1
        values = {
            "hold_days": 0,
            "return_policy": "within_balance",
            "expiry_days": None,
            "imports_expire_from": "import",
            "signup_points": 0,
            "birthday_points": 0,
            "valid_from": self.clock.at,
        }
        version = {"merchant_id": self.merchant_id, "rule_version": self.versions}
        with self.open() as ctx:
            ctx.db.add(PointsRule(**version, **{**values, **changed}))
            ctx.db.flush()
            for store_id, rate in (rates or {}).items():
                ctx.db.add(PointsRate(**version, store_id=store_id, rate=Decimal(rate)))
        return self.versions

    def member(self, name: str = "", store_id: str | None = None) -> str:
        """A new customer of a store; their home."""
        home = new_id("cus_")
        with self.open() as ctx:
            sql = """insert into users (merchant_id, customer_id, shared_customer_id)
                values (:m, :h, :s)"""
            ctx.db.execute(text(sql), {"m": self.merchant_id, "h": home, "s": new_id("shc_")})
            sql = """insert into customer_identities
                (merchant_id, store_id, external_id, customer_id) values (:m, :s, :e, :h)"""
            external = name or str(abs(hash(home)) % 10**12)
            store = store_id or self.store_id
            values = {"m": self.merchant_id, "s": store, "e": external, "h": home}
            ctx.db.execute(text(sql), values)
        return home

    def order(
        self,
        home: str | None,
        minor: int,
        *,
        at: datetime | None = None,
        basis: int | None = None,
        key: str | None = None,
        live: bool = True,
        store_id: str | None = None,
        award: bool = True,
    ) -> int:
        """A paid order; its id."""
        store = store_id or self.store_id
        with self.open() as ctx:
            sql = """insert into orders (merchant_id, store_id, external_id, customer_id,
                ordered_at, amount_minor, basis_minor) values (:m, :s, :k, :h, :at, :minor, :basis)
                returning order_id"""
            values = {
                "m": self.merchant_id,
                "s": store,
                "k": key or new_id("ord_"),
                "h": home,
                "at": at or self.clock.at,
                "minor": minor,
                "basis": basis,
            }
            order_id = int(ctx.db.scalar(text(sql), values))
        if award:
            self.award(order_id, live=live, store_id=store)
        return order_id

    def award(
        self, first: int, last: int | None = None, *, live: bool = True, store_id: str | None = None
    ) -> None:
        with self.open() as ctx:
            told = OrderRange(store_id or self.store_id, first, last or first)
            service.award_orders(ctx, told, live=live)

    def refund(
        self,
        order_id: int | None,
        minor: int,
        *,
        basis: int | None = None,
        key: str | None = None,
        tell: bool = True,
        at: datetime | None = None,
        store_id: str | None = None,
    ) -> int:
        """A refund of an order, or of one that is not there yet under its `key`; its id."""
        with self.open() as ctx:
            sql = """insert into refunds (merchant_id, store_id, external_id, refunded_at,
                amount_minor, order_key, basis_minor)
                select :m, coalesce((select store_id from orders where order_id = :o), :s), :k,
                    :at, :minor,
                    coalesce((select external_id from orders where order_id = :o), :key), :basis
                returning refund_id"""
            values = {
                "m": self.merchant_id,
                "s": store_id or self.store_id,
                "k": new_id("ref_"),
                "o": order_id,
                "at": at or self.clock.at,
                "minor": minor,
                "key": key,
                "basis": basis,
            }
            refund_id = int(ctx.db.scalar(text(sql), values))
        if tell:
            self.tell_refund(refund_id)
        return refund_id

    def tell_refund(self, first: int, last: int | None = None) -> None:
        [(store_id,)] = self.rows("select store_id from refunds where refund_id = :r", r=first)
        with self.open() as ctx:
            service.take_back_refunds(ctx, OrderRange(store_id, first, last or first))

    def cancel(self, order_id: int) -> None:
        self.note_cancelled(order_id)
        self.tell_cancelled(order_id)

    def note_cancelled(self, order_id: int) -> None:
        with self.open() as ctx:
            sql = "update orders set cancelled_at = :at where order_id = :o"
            ctx.db.execute(text(sql), {"at": self.clock.at, "o": order_id})

    def tell_cancelled(self, order_id: int) -> None:
        with self.open() as ctx:
            service.take_back_cancelled(ctx, [order_id])

    def redeem(self, member: str, points: int, key: str = "", store_id: str | None = None) -> str:
        """Redeem; the redemption's id."""
        redemption = key or new_id("red_")
        with self.open() as ctx:
            service.debit(
                ctx,
                service.Debit(
                    member=member,
                    store_id=store_id or self.store_id,
                    type="redeem",
                    points=points,
                    key=f"redeem:{redemption}",
                    occurred_at=ctx.now,
                    redemption_id=redemption,
                ),
            )
        return redemption

    def give_back(self, redemption: str) -> int:
        with self.open() as ctx:
            return service.give_back(ctx, redemption, f"return:{redemption}", ctx.now)

    def credit(self, home: str, points: int, key: str = "", **more: Any) -> int | None:
        with self.open() as ctx:
            given = service.Credit(
                customer_id=home,
                store_id=self.store_id,
                type=more.pop("type", "bonus"),
                points=points,
                key=key or new_id("bonus:"),
                occurred_at=ctx.now,
                **more,
            )
            return service.credit(ctx, given)

    def merge(self, lost: str, kept: str) -> None:
        self._point(kept, lost, kept)

    def part(self, lost: str, kept: str) -> None:
        self._point(None, lost, kept)

    def _point(self, to: str | None, lost: str, kept: str) -> None:
        with self.open() as ctx:
            service.lock_members(ctx, [lost, kept])
            sql = """update users set merged_into = :to
                where merchant_id = :m and (customer_id = :lost or merged_into = :lost)"""
            ctx.db.execute(text(sql), {"to": to, "m": self.merchant_id, "lost": lost})
            service.changed(ctx, [kept] if to else [kept, lost])

    def spendable(self, member: str) -> int:
        with self.open() as ctx:
            return queries.spendable(ctx, member)

    def entries(self, home: str) -> list[tuple[str, int]]:
        """(type, points) of a home's entries, oldest first."""
        sql = """select type, points from points_transactions where customer_id = :h
            order by transaction_id"""
        return [(str(t), int(p)) for t, p in self.rows(sql, h=home)]

    def lots(self, home: str) -> list[int]:
        """What is left of a home's lots, oldest first."""
        sql = "select remaining from points_lots where customer_id = :h order by transaction_id"
        return [int(r) for (r,) in self.rows(sql, h=home)]

    def card(self, member: str) -> tuple[int, int]:
        """(points, pending) of a member's card."""
        sql = "select points, pending from customer_cards where customer_id = :h"
        [(points, pending)] = self.rows(sql, h=member)
        return int(points), int(pending)


def balanced(shop: Shop, *homes: str) -> bool:
    with shop.open() as ctx:
        return not checks.unbalanced(ctx, 9) and not checks.replayed(ctx, homes)
