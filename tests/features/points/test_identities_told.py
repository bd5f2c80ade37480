"""From what shops tell of their customers to one member, through the door and the workers."""

from typing import Any

import pytest

from tests.door import Door
from tests.features.points.people import Chain
from webapp.features.points.service import sharing


@pytest.fixture
def chain(door: Door) -> Chain:
    """Two stores that share; joining brings 50 points."""
    made = Chain(door.parts.database, door.parts.clock, door.tenant, {"s1": door.tenant.store_id})  # type: ignore[arg-type]
    made.store("s2")
    made.share("s1", "s2")
    made.rule(signup=50)
    return made


def customer(number: int, *, verified: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "email": "ada@shop.example",
        "verified_email": verified,
        "updated_at": "2026-03-14T11:58:00-05:00",
        **more,
    }


def told(door: Door, chain: Chain, store: str, topic: str, payload: object, number: int) -> None:
    """A shop tells something, and everything that follows is worked."""
    shop = {"X_Shopify_Shop_Domain": chain.domain(store)}
    answer = door.webhook(payload, topic, f"d-{number}", **shop)
    assert answer.status_code == 200
    door.drain("orders.take_customers", "orders.take_merges", "points.recognise")
    door.drain("points.follow_shop_merges", "points.settle_bonuses")


def members(chain: Chain) -> list[tuple[str, int]]:
    """(the shop's customer, balance of the member) of everybody, by number."""
    sql = """
        select i.external_id, c.points from customer_identities i
        join users u on u.customer_id = i.customer_id
        left join customer_cards c on c.customer_id = coalesce(u.merged_into, u.customer_id)
        order by i.external_id
    """
    return [(str(number), int(points or 0)) for number, points in chain.ask(sql)]


def test_person_who_registers_in_two_shops_is_one_member_with_one_bonus(
    door: Door, chain: Chain
) -> None:
    told(door, chain, "s1", "customers/create", customer(7), 1)
    told(door, chain, "s2", "customers/create", customer(8), 2)
    assert members(chain) == [("7", 50), ("8", 50)]
    assert len(chain.links()) == 1


def test_address_that_is_verified_later_links_then(door: Door, chain: Chain) -> None:
    told(door, chain, "s1", "customers/create", customer(7), 1)
    told(door, chain, "s2", "customers/create", customer(8, verified=False), 2)
    assert chain.links() == []
    assert members(chain) == [("7", 50), ("8", 50)]
    later = customer(8, updated_at="2026-03-14T12:30:00-05:00")
    told(door, chain, "s2", "customers/update", later, 3)
    assert members(chain) == [("7", 50), ("8", 50)]
    clawed = "select points from points_transactions where type = 'clawback'"
    assert [row[0] for row in chain.ask(clawed)] == [-50]


def test_customers_that_a_shop_merged_are_one_member(door: Door, chain: Chain) -> None:
    told(door, chain, "s1", "customers/create", customer(7), 1)
    told(door, chain, "s1", "customers/create", customer(9, email="bob@shop.example"), 2)
    merged = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/9",
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    told(door, chain, "s1", "customers/merge", merged, 3)
    assert members(chain) == [("7", 50), ("9", 50)]
    reasons = [row[0] for row in chain.ask("select reason from identity_links")]
    assert reasons == ["shopify"]


def test_who_became_a_member_by_a_file_is_recognised_within_a_day(door: Door, chain: Chain) -> None:
    chain.customer("s1", "7", email="ada@shop.example")
    chain.customer("s2", "8", email="ada@shop.example")
    with chain.act() as ctx:
        sharing.look_again(ctx)
    chain.hear("sharing.widened")
    assert len(chain.links()) == 1
