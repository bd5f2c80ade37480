"""A program with a service key that calls the web application."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.factories import Tenant, make_tenant
from tests.standins import wallet_authority
from webapp.app import create_app
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.core.tenancy import ADMIN_PERMISSIONS
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import (
    ConnectStore,
    CreateServiceKey,
    RegisterApp,
    SaveConnection,
)
from webapp.features.points import service as points
from webapp.features.points.messages import OrderRange
from webapp.parts import Parts

SYNC = "/v1/api/points/sync"


def make_key(database: Database, tenant: Tenant, *permissions: str) -> str:
    """A service key with these permissions, or with all `admin:` ones."""
    with database.transaction(tenant.merchant_id) as ctx:
        wanted = frozenset(permissions) or ADMIN_PERMISSIONS
        return accounts.create_service_key(ctx, CreateServiceKey(wanted))


_MEMBER = """
with person as (
    insert into users (merchant_id, customer_id, shared_customer_id)
    values (:merchant_id, new_id('cus_'), new_id('shc_')) returning customer_id
), known as (
    insert into customer_identities (merchant_id, store_id, external_id, customer_id)
    select :merchant_id, :store_id, :external_id, customer_id from person
)
select customer_id from person
"""

_ORDER = """
insert into orders (merchant_id, store_id, external_id, customer_id, ordered_at, amount_minor)
values (:merchant_id, :store_id, :external_id, :customer_id, '2026-01-02', :minor)
"""


def make_member(database: Database, tenant: Tenant, external_id: str, minor: int) -> str:
    """A customer of the tenant's store who spent `minor` cents; our id of the member."""
    values: dict[str, object] = {
        "merchant_id": tenant.merchant_id,
        "store_id": tenant.store_id,
        "external_id": external_id,
        "minor": minor,
    }
    with database.transaction(tenant.merchant_id) as ctx:
        member = str(ctx.db.scalar(text(_MEMBER), values))
        ctx.db.execute(text(_ORDER), {**values, "customer_id": member})
        points.award_orders(ctx, OrderRange(tenant.store_id, 1, 1 << 62))
    return member


def example_tenant(database: Database) -> Tenant:
    """What the examples of all features speak of."""
    shop = "fern-and-clay.myshopify.com"
    tenant = make_tenant(database, merchant_id="mer_fernandclay")
    with database.transaction(tenant.merchant_id) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp("app_example", "api-example", "s"))
        store = ConnectStore(shop, "app_example", "USD", access_token="shpat_example")
        store_id = accounts.connect_store(ctx, store)
    fern = Tenant(tenant.merchant_id, store_id, shop)
    make_member(database, fern, "7104466075915", 34_000)
    with database.transaction(PLATFORM) as ctx:
        apple = SaveConnection("apple_wallet", wallet_authority().apple_values())
        accounts.save_connection(ctx, apple)
    return fern


def as_shown(told: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What was told, its objects reduced to what an example shows of them, and texts that are as an
    example shows them but for its `…` shown like it."""
    return {name: _as_shown(value, shown.get(name)) for name, value in told.items()}


def _as_shown(value: Any, shown: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(shown, Mapping):
        return {part: value.get(part) for part in shown}
    if isinstance(value, str) and isinstance(shown, str) and "…" in shown:
        pattern = ".+".join(map(re.escape, shown.split("…")))
        return shown if re.fullmatch(pattern, value) else value
    return value


@dataclass
class Program:
    """A program of `tenant`, whose customer 11 has 12 points."""

    web: FlaskClient
    parts: Parts
    tenant: Tenant
    key: str
    member: str

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        return self.web.open(path, method=method, headers=headers, **more)

    def sync(
        self,
        customer: str = "11",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        body = {"customer_id": customer, "store_ids": [self.tenant.shop], **more}
        return self.call("POST", SYNC, json=body, headers=headers or {})

    def count(self, table: str, condition: str = "true") -> int:
        """Rows of the tenant."""
        sql = text(f"select count(*) from {table} where {condition}")  # noqa: S608 - ours
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            return int(ctx.db.scalar(sql) or 0)


def make_program(parts: Parts) -> Program:
    tenant = make_tenant(parts.database, access_token="shpat_1")
    member = make_member(parts.database, tenant, "11", 1250)
    key = make_key(parts.database, tenant)
    return Program(create_app(parts).test_client(), parts, tenant, key, member)
