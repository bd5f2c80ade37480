"""Plans: asked for, agreed to at Shopify, and active only by Shopify's own word."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.entry.shopify_admin import ShopifyShop, shopify_shop
from tests.factories import FixedClock
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import PlanChoice, SubscriptionSaid
from webapp.parts import Parts


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, tmp_path: Path) -> Iterator[ShopifyShop]:
    with shopify_shop(committed, clock, tmp_path) as started:
        started.install()
        yield started


def choose(shop: ShopifyShop, plan: str) -> str:
    """Where the merchant is asked."""
    found = shop.address()
    with shop.parts.database.transaction(found.merchant_id) as ctx:
        accounts.choose_plan(ctx, PlanChoice(plan, found.store_id))
    shop.work("send.plan.chosen")
    sql = "select confirmation_url from subscriptions where state = 'pending'"
    return str(shop.rows(sql)[-1][0])


def states(shop: ShopifyShop) -> dict[object, object]:
    return dict(shop.rows("select plan, state from subscriptions"))  # type: ignore[arg-type]  # pairs


def test_plan_is_active_when_shopify_says_so(shop: ShopifyShop) -> None:
    asked = choose(shop, "growth")
    assert states(shop) == {"growth": "pending"}
    assert asked in shop.open("plan").text
    back = urlsplit(shop.answer(asked))
    # Coming back proves nothing...
    where = shop.web.get(f"{back.path}?{back.query}").headers["Location"]
    assert where.endswith("/admin/apps/listed-key/app/plan")
    assert states(shop) == {"growth": "pending"}
    # ... Shopify's own word does.
    shop.hear()
    assert states(shop) == {"growth": "active"}
    page = shop.open("plan").text
    assert "Your plan: Growth" in page
    assert "test charge" in page


def test_lost_webhook_is_made_up_for_by_asking(shop: ShopifyShop) -> None:
    asked = choose(shop, "growth")
    shop.state.hooks.clear()
    shop.answer(asked)
    with shop.parts.database.transaction(shop.address().merchant_id) as ctx:
        assert accounts.ask_after_plan(ctx)
    shop.work("send.plan.asked_after")
    assert states(shop) == {"growth": "active"}
    assert shop.rows("select period_ends_at is not null from subscriptions") == [(True,)]


def test_larger_plan_takes_the_place_of_the_smaller_without_a_second_trial(
    shop: ShopifyShop,
) -> None:
    for plan in ("growth", "plus"):
        shop.answer(choose(shop, plan))
        shop.hear()
    assert states(shop) == {"growth": "cancelled", "plus": "active"}
    trials = shop.rows("select plan, trial_days from subscriptions order by plan")
    assert trials == [("growth", 14), ("plus", 0)]


def test_what_was_declined_stays_so(shop: ShopifyShop) -> None:
    shop.answer(choose(shop, "growth"), "decline")
    shop.hear()
    external_id = str(shop.rows("select external_id from subscriptions")[0][0])
    with shop.parts.database.transaction(shop.address().merchant_id) as ctx:
        for late in ("ACTIVE", "PENDING", "FROZEN", "SOMETHING"):
            accounts.hear_of_subscription(ctx, SubscriptionSaid(external_id, late))
    assert states(shop) == {"growth": "declined"}


def test_plan_ends_when_shopify_has_ended_it(shop: ShopifyShop) -> None:
    shop.answer(choose(shop, "growth"))
    shop.hear()
    found = shop.address()
    with shop.parts.database.transaction(found.merchant_id) as ctx:
        accounts.end_plan(ctx)
        assert accounts.current_plan(ctx).plan == "growth"
    shop.work("send.plan.end_asked")
    with shop.parts.database.transaction(found.merchant_id) as ctx:
        assert accounts.current_plan(ctx).plan == "free"


def test_uninstalling_ends_what_was_paid(shop: ShopifyShop) -> None:
    shop.answer(choose(shop, "growth"))
    shop.hear()
    shop.uninstall()
    assert states(shop) == {"growth": "cancelled"}
