import time
from pathlib import Path

import pytest

from tests.demo.admin_api import balance, points, set_points
from tests.demo.conftest import WHEN
from tests.factories import FixedClock
from webapp.demo.settings import ShopConfig
from webapp.demo.standins.catalogue import shopify
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.shopify import ShopifyAdmin


def test_metafields_outlive_the_process(admin: ShopifyAdmin, config: ShopConfig) -> None:
    set_points(admin, points(7, "12"))
    assert balance(shopify([config], config.data_dir, FixedClock(WHEN)), 7) == "12"


def test_shops_do_not_see_each_other(admin: ShopifyAdmin, config: ShopConfig) -> None:
    set_points(admin, points(7, "12"))
    store = MetafieldStore(Path(config.data_dir) / "shopify.db", FixedClock(WHEN))
    owner = "gid://shopify/Customer/7"
    assert store.one("other.myshopify.com", owner, "$app:loyalnest", "points_balance") is None
    assert len(store.of_owner(config.shop_domain, owner)) == 1


@pytest.mark.alone
def test_2500_metafields_are_a_matter_of_a_moment(admin: ShopifyAdmin) -> None:
    # 1,000 calls of 25 must take less than 15 s; a tenth of them leaves room for a busy machine.
    began = time.monotonic()
    for first in range(0, 2500, 25):
        set_points(admin, *(points(n, "1") for n in range(first, first + 25)))
    assert time.monotonic() - began < 5
