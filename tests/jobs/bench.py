"""A tenant whose work is done by hand: import, drain, look."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, text

from jobs.drain import drain_for
from tests.factories import Tenant, import_orders, write_orders
from webapp.core import discovery
from webapp.demo.standins import shopify
from webapp.parts import Parts

AWARD = "points.award_orders"
SCORE = "rfm.absorb_and_score"
NOTIFY = "notifications.notify"
PUSH = "points.send.points.changed"
CARDS = "wallet.follow_points"
# Who hears of an import, of its rows and of its end.
HEARD = sorted({*discovery.handler_names()["orders.imported"], NOTIFY})
TOKEN = "shpat_jobs"
Standin = Callable[[Tenant], tuple[shopify.ShopifyAdmin, str]]


@dataclass(frozen=True)
class Bench:
    """A tenant of real parts: what is imported stays open until it is drained."""

    parts: Parts
    tenant: Tenant
    folder: Path

    def take(self, *rows: str) -> None:
        """Import these orders (customer, day, amount); their deliveries stay open."""
        file = write_orders(self.folder / "orders.csv", *(f"{row},USD" for row in rows))
        import_orders(self.parts.database, self.tenant, file)

    def drain(self, *handlers: str) -> None:
        """Without names: who heard of the import, and then who follows the balances."""
        for handler in handlers or (*HEARD, CARDS):
            drain_for(self.parts, handler, 10.0)

    def ask(self, sql: str, **values: object) -> list[Row]:
        """What one statement answers in a transaction of its own."""
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql), values)
            return list(found) if found.returns_rows else []

    def count(self, table: str) -> int:
        return int(self.ask(f"select count(*) from {table}")[0][0])  # noqa: S608 - named by tests

    def balances(self) -> dict[str, int]:
        """The shop's customer id -> points of the card."""
        sql = "select external_id, points from customer_identities join customer_cards"
        return dict(map(tuple, self.ask(f"{sql} using (merchant_id, customer_id)")))

    def deliveries(self, handler: str) -> list[Row]:
        """Open and dead ones; `wait` is in seconds from now."""
        sql = """
            select message_id, attempts, reason, dead_at is not null as dead, lease_token,
                   extract(epoch from due_at - clock_timestamp())::float as wait
            from deliveries where handler = :handler order by message_id
        """
        return self.ask(sql, handler=handler)

    def let_time_pass(self) -> None:
        """Whatever waits for a retry or for the end of a lease is due now."""
        self.ask("update deliveries set due_at = clock_timestamp() where dead_at is null")


@dataclass(frozen=True)
class ConnectedShop(Bench):
    """A tenant whose shop is the stand-in for the Admin API, over real HTTP."""

    admin: shopify.ShopifyAdmin

    def earn(self, *rows: str) -> None:
        """Import orders and enter their points, so that cards wait to be pushed."""
        self.take(*rows)
        self.drain(AWARD)

    def shrink_bucket(self, most: float, restore: float) -> None:
        """Give the shop a small cost bucket, as a shop on a small plan has."""
        self.admin.limit(self.tenant.shop, most, restore)

    def fail_next(self, **fault: object) -> None:
        self.admin.faults.replace({"next": [fault]})

    def shown(self, customer: str) -> str | None:
        """What the shop has as the customer's balance."""
        owner = f"gid://shopify/Customer/{customer}"
        args = (self.tenant.shop, owner, "$app:loyalnest", "points_balance")
        found = self.admin.store.one(*args)
        return found.value if found else None
