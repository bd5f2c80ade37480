"""A merchant with stores, and people who are customers of several of them."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from tests.factories import FixedClock, Tenant, make_tenant
from webapp.core import deliveries
from webapp.core.addresses import email_hash, pepper, phone_hash
from webapp.core.context import Context
from webapp.core.contract import Apply
from webapp.core.db import Database
from webapp.core.tenancy import SYSTEM, Actor
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore
from webapp.features.points import jobs
from webapp.features.points.service import identities, ledger, sharing
from webapp.features.points.service.ledger import Credit, Debit

_numbers = itertools.count(1)
STAFF = Actor("admin", "adm_1")


@dataclass
class Chain:
    """One merchant whose first store is `s1`; more are added by `store`."""

    database: Database
    clock: FixedClock
    tenant: Tenant
    stores: dict[str, str] = field(default_factory=dict)

    def store(self, name: str, timezone: str = "UTC") -> str:
        """One more store; its shop domain begins with its name."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            app_id = ctx.db.scalars(text("select app_id from stores")).first()
            shop = f"{name}-{next(_numbers)}.myshopify.com"
            self.stores[name] = accounts.connect_store(
                ctx, ConnectStore(shop, app_id, "USD", timezone, None)
            )
        return self.stores[name]

    def domain(self, name: str) -> str:
        sql = "select shop_domain from stores where store_id = :s"
        return str(self.ask(sql, s=self.stores[name])[0][0])

    def customer(
        self,
        store: str,
        external_id: str,
        *,
        email: str | None = None,
        phone: str | None = None,
        verified: bool = True,
        points: int = 0,
    ) -> str:
        """A customer of a store, with an address that is verified or not; their home."""
        home = f"cus_{store}_{external_id}_{next(_numbers)}"
        values = {
            "m": self.tenant.merchant_id,
            "s": self.stores[store],
            "e": external_id,
            "c": home,
            "at": self.clock.now(),
        }
        self.ask("insert into users values (:m, :c, :c, 0, :at)", **values)
        self.ask("insert into customer_identities values (:m, :s, :e, :c)", **values)
        self.clock.advance(seconds=1)
        if email or phone:
            self.reach(store, external_id, email=email, phone=phone, verified=verified)
        if points:
            self.earn(home, points, store)
        return home

    def reach(
        self,
        store: str,
        external_id: str,
        *,
        email: str | None = None,
        phone: str | None = None,
        verified: bool = True,
    ) -> None:
        """What the shop says of a customer's addresses now."""
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            key = pepper(ctx)
            values = {
                "m": ctx.merchant_id,
                "s": self.stores[store],
                "e": external_id,
                "eh": email_hash(key, email) if email else None,
                "ph": phone_hash(key, phone) if phone else None,
                "ev": verified and email is not None,
                "pv": verified and phone is not None,
                "at": ctx.wall,
            }
            ctx.db.execute(
                text(
                    """
                    insert into customer_contacts (merchant_id, store_id, external_id, email_hash,
                        phone_hash, email_verified, phone_verified, updated_at)
                    values (:m, :s, :e, :eh, :ph, :ev, :pv, :at)
                    on conflict (merchant_id, store_id, external_id) do update
                    set email_hash = excluded.email_hash, phone_hash = excluded.phone_hash,
                        email_verified = excluded.email_verified,
                        phone_verified = excluded.phone_verified
                    """
                ),
                values,
            )

    def earn(self, home: str, points: int, store: str = "s1", reason: str = "") -> None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            key = f"k{next(_numbers)}"
            credit = Credit(
                home,
                self.stores[store],
                "bonus" if reason else "adjust",
                points,
                key,
                ctx.now,
                reason=reason or None,
            )
            ledger.credit(ctx, credit)

    def redeem(self, member: str, points: int, store: str = "s1") -> None:
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            key = f"r{next(_numbers)}"
            debit = Debit(member, self.stores[store], "redeem", points, key, ctx.now, key)
            ledger.debit(ctx, debit)

    def share(self, *names: str) -> None:
        """Let these stores share, and link whoever is known in several."""
        with self.database.transaction(self.tenant.merchant_id, STAFF) as ctx:
            for name in names:
                sharing.add_store(ctx, self.stores[name])
        self.hear("sharing.widened")

    def rule(self, *, signup: int = 0, birthday: int = 0, policy: str = "within_balance") -> None:
        """Rules that give bonuses from now on."""
        sql = """
            insert into points_rules values
                (:m, 2, :at, 0, :policy, null, 'import', :signup, :birthday)
        """
        values = {"policy": policy, "signup": signup, "birthday": birthday}
        self.ask(sql, m=self.tenant.merchant_id, at=self.clock.now(), **values)

    def tell(self, store: str, *customers: str, joined: tuple[str, ...] = ()) -> None:
        """Say that something new is known of customers, and let points hear it."""
        payload = {
            "store_id": self.stores[store],
            "customers": list(customers),
            "joined": list(joined),
        }
        with self.database.transaction(self.tenant.merchant_id) as ctx:
            ctx.emit("customers.told", f"t{next(_numbers)}", payload)
        self.hear("customers.told")

    def hear(self, *topics: str) -> None:
        """What workers do until there is nothing left to hear of these topics."""
        for topic in topics:
            for function in jobs.APPLIES[topic]:
                while self._hear_once(function):
                    continue

    def _hear_once(self, function: Apply) -> int:
        handler = f"points.{getattr(function, '__name__', '')}"
        merchant_id = self.tenant.merchant_id
        with self.database.transaction(merchant_id) as ctx:
            messages = deliveries.claim(ctx.db, merchant_id, handler, 50)
            function(ctx, messages)
            deliveries.finish(ctx.db, merchant_id, handler, messages)
        return len(messages)

    def points(self, home: str) -> int:
        """The balance on the card of the member that this home is."""
        sql = """
            select c.points from users u
            join customer_cards c on c.merchant_id = u.merchant_id
                and c.customer_id = coalesce(u.merged_into, u.customer_id)
            where u.customer_id = :home
        """
        found = self.ask(sql, home=home)
        return int(found[0][0]) if found else 0

    def member(self, home: str) -> str:
        sql = "select coalesce(merged_into, customer_id) from users where customer_id = :home"
        return str(self.ask(sql, home=home)[0][0])

    def links(self) -> list[str]:
        """The merges that stand, oldest first."""
        sql = """
            select link_id from identity_links where kind = 'merge' and undone_by is null
            order by linked_at, link_id
        """
        return [str(row[0]) for row in self.ask(sql)]

    def unmerge(self, link_id: str) -> None:
        with self.act() as ctx:
            identities.unmerge(ctx, link_id)

    def act(self, actor: Actor = STAFF) -> Any:
        """A transaction of a person at the dashboard."""
        return self.database.transaction(self.tenant.merchant_id, actor)

    def ask(self, sql: str, **values: object) -> list[Row[Any]]:
        with self.database.transaction(self.tenant.merchant_id, SYSTEM) as ctx:
            return rows(ctx, sql, **values)


def rows(ctx: Context, sql: str, **values: object) -> list[Row[Any]]:
    found = ctx.db.execute(text(sql), values)
    return list(found) if found.returns_rows else []


def make_chain(database: Database, clock: FixedClock, *names: str) -> Chain:
    """A merchant whose stores have these names, the first one s1."""
    tenant = make_tenant(database)
    made = Chain(database, clock, tenant, {"s1": tenant.store_id})
    for name in names:
        made.store(name)
    return made


def moment(written: str) -> datetime:
    return datetime.fromisoformat(f"{written}+00:00")
