"""The processes behind the web against a receiver that fails in every way, and their own death."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.jobs.processes import Site, eventually
from tests.standins import Standins
from webapp.core.inbox import PLATFORM
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import SaveConnection


@pytest.mark.full
def test_product_events_count_once_whatever_posthog_and_the_sender_do(
    site: Site, standins: Standins
) -> None:
    site = replace(site, environment={**site.environment, **standins.environment()})
    with site.parts.database.transaction(PLATFORM) as ctx:
        accounts.save_connection(ctx, SaveConnection("posthog", {"api_key": "phc_full"}))
    lost = [{"drop": True, "applied": True}, {"half": True, "applied": True}]
    asked = [{"status": 500}, {"status": 429, "retry_after": 0.5}, {"hang": True}]
    # Between two faults a call works, so that nothing fails four times and is given up.
    script = [step for fault in (*lost, *asked) for step in (fault, {"delay_ms": 50})]
    standins.faults("posthog", script * 4)
    site.start()
    for number in range(300):
        with site.parts.database.transaction(site.tenant.merchant_id) as ctx:
            ctx.track("points_synced", number=number)
        if number == 150:
            eventually(lambda: standins.calls("posthog") > 2)
            site.kill_the_sender()

    def all_sent() -> bool:
        """Retries come at once, but nobody's lease is taken from them."""
        sql = """
            update deliveries set due_at = clock_timestamp()
            where lease_token is null and dead_at is null
        """
        with site.parts.database.transaction(site.tenant.merchant_id) as ctx:
            ctx.db.execute(text(sql))
        time.sleep(0.2)
        return site.finished()

    eventually(all_sent, 150)
    effects = list(standins.effects("posthog").values())
    assert site.answer("select count(*) from deliveries") == 0
    assert (len(effects), set(effects)) == (300, {1})
