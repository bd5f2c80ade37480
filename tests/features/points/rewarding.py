"""A shop with rewards, its members, and the stand-in of Shopify that makes their codes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from redis import Redis
from sqlalchemy import text
from werkzeug.test import TestResponse

from jobs import sending
from jobs.drain import apply_batch
from tests.factories import NoCache, Tenant, signed_query
from tests.features.points.ledgers import Shop
from tests.standins import Standins
from webapp.app import create_app
from webapp.core import discovery
from webapp.core.contract import Send
from webapp.core.rates import Limiter
from webapp.core.words import new_id
from webapp.demo.standins.shopify import Shop as ShopifyShop
from webapp.demo.standins.shopify.state import Discount, ShopState
from webapp.features.points import service
from webapp.features.points.messages import OrderRange, SaveReward
from webapp.parts import Parts

CREATE, END = "points.send.points.redeemed", "points.send.points.cancel_asked"


class Rewarding(Shop):
    """Members who act through the App Proxy of a shop in dollars."""

    def __init__(
        self, parts: Parts, standins: Standins, limiter: Limiter | None = None, **store: str
    ) -> None:
        super().__init__(
            parts.database,
            parts.clock,
            access_token="shpat_rewards",
            **store,  # type: ignore[arg-type]
        )
        self.standins = standins
        self.parts = replace(parts, gateways=standins.gateways(), cache=NoCache())
        if limiter is not None:
            self.parts = replace(self.parts, limiter=limiter)
        self.web = create_app(self.parts).test_client()
        self.admin = self.opened(self.tenant.shop)

    def opened(self, shop: str) -> ShopState:
        """The shop in the stand-in."""
        made = ShopifyShop(shop, "Nest", "USD", "shpat_rewards", "api", "secret")
        return self.standins.shopify.open(made)

    def reward(self, points: int = 500, **said: Any) -> str:
        """A reward of five dollars off; its id."""
        wanted = {"kind": "amount_off", "amounts": {"USD": 500}, **said}
        if wanted["kind"] != "amount_off":
            wanted.pop("amounts")
        names = {"en": "Five off", "de": "Fünf weniger"}
        with self.open() as ctx:
            return service.save_reward(
                ctx, SaveReward(points=points, default_locale="en", names=names, **wanted)
            )

    def act(
        self,
        action: str,
        customer: str = "7",
        *,
        key: str | None = None,
        tenant: Tenant | None = None,
        query: Mapping[str, str] | None = None,
        **said: Any,
    ) -> TestResponse:
        """An action as a program in the shop's page would take it."""
        signed = signed_query(tenant or self.tenant, self.clock.at, customer, **(query or {}))
        headers = {"Idempotency-Key": key or new_id("k")}
        return self.web.post(f"/proxy/actions/{action}?{signed}", json=said, headers=headers)

    def have(self, reward: str, customer: str = "7", **more: Any) -> str:
        """Redeem; the redemption's id."""
        answer = self.act("redeem", customer, reward_id=reward, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json["redemption_id"])  # type: ignore[index]

    def give_up(self, redemption: str, customer: str = "7") -> str:
        """Ask that a code be given back; the answer's state or code of failure."""
        answer = self.act("cancel-redemption", customer, redemption_id=redemption)
        said = answer.json or {}
        return str(said.get("state") or said["error"]["code"])

    def fragment(self, customer: str = "7", locale: str = "en") -> str:
        signed = signed_query(self.tenant, self.clock.at, customer, locale=locale)
        return self.web.get(f"/proxy/widgets/rewards_panel?{signed}").text

    def send(self, handler: str = CREATE) -> None:
        """Send what is due of one kind, whatever it waits for, and whatever failed before."""
        with Redis.from_url(self.parts.settings.redis_url) as valkey:
            for key in valkey.scan_iter("loyalnest:breaker:*"):
                valkey.delete(key)
        work = discovery.handlers()[handler]
        assert isinstance(work, Send)
        self.make_due(handler)
        sending.send_batch(self.parts, handler, work, self.merchant_id)

    def make_due(self, handler: str) -> None:
        """Whatever waits for a retry or for the end of a lease is due now."""
        with self.open() as ctx:
            sql = "update deliveries set due_at = now() - interval '1 second' where handler = :h"
            ctx.db.execute(text(sql), {"h": handler})

    def made(self) -> list[Discount]:
        """The codes that the shop has."""
        return list(self.admin.discounts.values())

    def state(self, redemption: str) -> tuple[str, bool, str | None]:
        """(state, points returned, reason)."""
        sql = "select state, returned, reason from redemptions where redemption_id = :r"
        [(state, returned, reason)] = self.rows(sql, r=redemption)
        return str(state), bool(returned), reason

    def code(self, redemption: str) -> str:
        [(code,)] = self.rows("select code from redemptions where redemption_id = :r", r=redemption)
        return str(code)

    def uses(self, code: str, store_id: str | None = None) -> int:
        """An order that used a code arrives; its id."""
        sql = """insert into orders (merchant_id, store_id, external_id, ordered_at, amount_minor,
            discount_codes) values (:m, :s, :k, :at, 5000, array[:c]) returning order_id"""
        store = store_id or self.store_id
        values = {"m": self.merchant_id, "s": store, "k": new_id("ord_"), "at": self.clock.at}
        [(order_id,)] = self.rows(sql, c=code, **values)
        self.tell_order(order_id, store)
        return int(order_id)

    def tell_order(self, order_id: int, store_id: str | None = None) -> None:
        with self.open() as ctx:
            told = OrderRange(store_id or self.store_id, order_id, order_id)
            service.record_uses(ctx, told)

    def work(self, handler: str) -> None:
        """Do what is due of one kind in the database."""
        self.make_due(handler)
        apply: Any = discovery.handlers()[handler]
        apply_batch(self.parts, handler, apply, self.merchant_id)

    def pass_hour(self) -> None:
        with self.open() as ctx:
            service.expire_codes(ctx)
            service.remind_of_codes(ctx)

    def told(self, topic: str) -> list[dict[str, Any]]:
        """What was emitted."""
        rows = self.rows("select payload from outbox where topic = :t order by message_id", t=topic)
        return [p if isinstance(p, dict) else json.loads(p) for (p,) in rows]
