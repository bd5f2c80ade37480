"""Members hear once that their points count in more stores than before."""

import pytest
from sqlalchemy import text

from tests.factories import Tenant, make_tenant
from webapp.core.context import Context
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore
from webapp.features.points import service
from webapp.features.points.service import identities
from webapp.features.points.service.ledger import Credit
from webapp.parts import Parts


@pytest.fixture
def tenant(held: Parts) -> Tenant:
    return make_tenant(held.database, access_token="shpat_1")


def second_store(ctx: Context, tenant: Tenant) -> str:
    app = str(ctx.db.scalar(text("select app_id from stores")))
    shop = f"second-{tenant.shop}"
    return accounts.connect_store(ctx, ConnectStore(shop, app, "USD", "UTC", "shpat_2"))


def know(ctx: Context, store_id: str, customer: str, consent: bool | None = None) -> None:
    values = {"m": ctx.merchant_id, "c": customer, "s": store_id, "consent": consent}
    for sql in (
        "insert into users (merchant_id, customer_id, shared_customer_id) values (:m, :c, :c)",
        "insert into customer_identities (merchant_id, store_id, external_id, customer_id,"
        " linking_consent) values (:m, :s, :c, :c, :consent)",
    ):
        ctx.db.execute(text(sql), values)


def told(ctx: Context) -> list[tuple[str, str, int]]:
    sql = "select payload from outbox where topic = 'points.shared' order by message_id"
    found = list(ctx.db.scalars(text(sql)))
    return [(one["store_id"], one["customer_id"], one["balance"]) for one in found]


def join(ctx: Context, tenant: Tenant, points: int, consent: bool | None = None) -> str:
    """A member of two stores, with so many points from the first; the link's id."""
    second = second_store(ctx, tenant)
    know(ctx, tenant.store_id, "ada")
    know(ctx, second, "ada2", consent)
    if points:
        service.credit(ctx, Credit("ada", tenant.store_id, "bonus", points, "b", ctx.now))
    link_id = identities.merge(ctx, "ada", "ada2", "email")
    service.tell_shared(ctx, {link_id: "ada"})
    return second


def test_both_stores_members_are_told(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        second = join(ctx, tenant, 50)
        stores = {tenant.store_id, second}
        assert {store for store, _, _ in told(ctx)} == stores
        assert {(who, balance) for _, who, balance in told(ctx)} == {("ada", 50)}


def test_nobody_is_told_of_nothing(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        join(ctx, tenant, 0)
        assert told(ctx) == []


def test_whoever_said_no_is_told_nothing(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        join(ctx, tenant, 50, consent=False)
        assert [store for store, _, _ in told(ctx)] == [tenant.store_id]


def test_a_link_is_told_once(held: Parts, tenant: Tenant) -> None:
    with held.database.transaction(tenant.merchant_id) as ctx:
        join(ctx, tenant, 50)
        link_id = str(ctx.db.scalar(text("select link_id from identity_links")))
        service.tell_shared(ctx, {link_id: "ada"})
        assert len(told(ctx)) == 2
