"""Members in tiers, from orders and refunds to the card."""

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import text

from jobs.drain import drain_for
from tests.factories import FixedClock, Tenant, make_tenant
from tests.features.points import buying
from tests.features.points.buying import at
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.features.points.domain.tiers import Policy
from webapp.features.points.messages.tiers import NewTier, TierTerms
from webapp.features.points.queries import tiers as stored
from webapp.features.points.queries.qualifying import qualifying
from webapp.features.points.service import tier_rounds, tier_terms, tiers
from webapp.parts import Parts

TODAY = at("2026-03-14T10:00")
AT_ONCE = Policy(downgrade="at_once")


@pytest.fixture
def tenant(database: Database) -> Tenant:
    return make_tenant(database)


def set_up(ctx: Context, policy: Policy = AT_ONCE) -> dict[str, str]:
    """Silver from 500.00 and Gold from 1000.00; name -> id."""
    new = [
        NewTier({"en": "Silver", "de": "Silber"}, "en", 500_00, Decimal("1.25")),
        NewTier({"en": "Gold", "de": "Gold"}, "en", 1000_00, Decimal("1.5")),
    ]
    ids = tier_terms.create_tiers(ctx, new)
    terms = [TierTerms(i, t.threshold, t.multiplier) for i, t in zip(ids, new, strict=True)]
    tier_terms.save_policy(ctx, policy, terms)
    return dict(zip(("Silver", "Gold"), ids, strict=True))


def tier_of(ctx: Context, member: str) -> str | None:
    """What the member's card shows, by name."""
    sql = text("select tier from customer_cards where customer_id = :member")
    return stored.names(ctx, "en").get(ctx.db.scalar(sql, {"member": member}) or "")


def told(ctx: Context, topic: str) -> list[dict[str, str]]:
    sql = text("select payload from outbox where topic = :topic order by message_id")
    return list(ctx.db.scalars(sql, {"topic": topic}))


def test_a_merchant_without_tiers_pays_nothing_for_them(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        assert tiers.recompute(ctx, [member]) == ()
        assert tiers.multipliers(ctx, [member]) == {member: Decimal(1)}
        assert ctx.db.scalar(text("select count(*) from member_tiers")) == 0


def test_spending_1000_reaches_gold_and_a_refund_gives_it_back(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        ids = set_up(ctx)
        member = buying.meet(ctx, tenant.store_id)
        order = buying.buy(ctx, tenant.store_id, member, 1000_00, TODAY)
        assert tiers.recompute(ctx, [member]) == (member,)
        assert tier_of(ctx, member) == "Gold"
        assert tiers.multipliers(ctx, [member]) == {member: Decimal("1.5")}
        assert tiers.recompute(ctx, [member]) == ()
        buying.give_back(ctx, tenant.store_id, 1000_00, TODAY, order=order)
        assert tiers.recompute(ctx, [member]) == (member,)
        assert tier_of(ctx, member) is None
        assert ctx.db.scalar(text("select value from member_tiers")) == 0
        assert [m["tier"] for m in told(ctx, "points.tier_raised")] == ["Gold"]
        lowered = told(ctx, "points.tier_lowered")
        assert [(m["was"], m["tier"], m["customer_id"]) for m in lowered] == [("Gold", "", member)]
        assert ids["Gold"]


def test_a_refund_lowers_by_one_tier_or_waits_as_the_policy_says(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx, Policy(downgrade="period_end"))
        member = buying.meet(ctx, tenant.store_id)
        order = buying.buy(ctx, tenant.store_id, member, 1000_00, TODAY)
        tiers.recompute(ctx, [member])
        buying.give_back(ctx, tenant.store_id, 400_00, TODAY, order=order)
        tiers.recompute(ctx, [member])
        assert tier_of(ctx, member) == "Gold"
        row = ctx.db.execute(text("select value, keeps_until from member_tiers")).one()
        assert tuple(row) == (600_00, at("2027-03-15"))
        ctx.now = at("2027-03-01")
        tiers.recompute(ctx, [member])
        assert tier_of(ctx, member) == "Gold"
        ctx.now = at("2027-03-15")
        buying.buy(ctx, tenant.store_id, member, 600_00, at("2027-03-10"))
        tiers.recompute(ctx, [member])
        assert tier_of(ctx, member) == "Silver"


def test_the_name_that_is_told_is_in_the_members_language(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx)
        member = buying.meet(ctx, tenant.store_id)
        contact = text(
            "insert into customer_contacts (merchant_id, store_id, external_id, locale, updated_at)"
            " values (:m, :s, :c, 'de-AT', now())"
        )
        ctx.db.execute(contact, {"m": ctx.merchant_id, "s": tenant.store_id, "c": member})
        buying.buy(ctx, tenant.store_id, member, 500_00, TODAY)
        tiers.recompute(ctx, [member])
        assert told(ctx, "points.tier_raised")[0]["tier"] == "Silber"


Step = Callable[[Context, str, str], object]
STEPS: tuple[Step, ...] = (
    lambda ctx, store, home: buying.buy(ctx, store, home, 700_00, TODAY, f"a-{home}"),
    lambda ctx, store, home: buying.buy(ctx, store, home, 400_00, TODAY, f"b-{home}"),
    lambda ctx, store, home: buying.give_back(ctx, store, 250_00, TODAY, order=f"a-{home}"),
    lambda ctx, store, home: buying.give_back(ctx, store, 50_00, TODAY, home=home),
)


def test_the_order_in_which_things_are_heard_makes_no_difference(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx)
        orders = {buying.meet(ctx, tenant.store_id): steps for steps in permutations(STEPS)}
        for n in range(len(STEPS)):
            for member, steps in orders.items():
                steps[n](ctx, tenant.store_id, member)
            tiers.recompute(ctx, list(orders))
        tiers.recompute(ctx, list(orders))
        values = set(ctx.db.scalars(text("select value from member_tiers")))
        assert values == {800_00}
        assert {tier_of(ctx, member) for member in orders} == {"Silver"}


def test_a_cancelled_order_and_an_old_one_do_not_count(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx)
        member = buying.meet(ctx, tenant.store_id)
        key = buying.buy(ctx, tenant.store_id, member, 900_00, TODAY)
        buying.cancel(ctx, key, TODAY)
        buying.buy(ctx, tenant.store_id, member, 900_00, at("2025-03-13T23:59"))
        buying.buy(ctx, tenant.store_id, member, 500_00, at("2025-03-14T00:00"))
        tiers.recompute(ctx, [member])
        assert tier_of(ctx, member) == "Silver"
        assert qualifying(ctx, AT_ONCE)[member].value == 500_00


def test_a_tier_ends_when_its_window_passes_without_any_order(
    held: Parts, clock: FixedClock
) -> None:
    tenant = make_tenant(held.database)
    with held.database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx, Policy(days=30, downgrade="at_once"))
        member = buying.meet(ctx, tenant.store_id)
        buying.buy(ctx, tenant.store_id, member, 1000_00, TODAY)
        tiers.recompute(ctx, [member])
    clock.at = at("2026-04-13T23:59")
    with held.database.transaction(tenant.merchant_id) as ctx:
        tier_rounds.ask_for_due(ctx)
        assert told(ctx, "points.tiers_due") == []
        assert tiers.multipliers(ctx, [member]) == {member: Decimal("1.5")}
    clock.at = at("2026-04-14")
    with held.database.transaction(tenant.merchant_id) as ctx:
        tier_rounds.ask_for_due(ctx)
        assert told(ctx, "points.tiers_due") == [{}]
    drain_for(held, "points.judge_due", 1)
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert tier_of(ctx, member) is None
        assert told(ctx, "points.tier_lowered")[0]["was"] == "Gold"
        assert ctx.db.scalar(text("select next_at from member_tiers")) is None


def test_a_year_ends_at_midnight_of_the_programmes_zone(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        zone = text("insert into program_settings (merchant_id, timezone) values (:m, :zone)")
        ctx.db.execute(zone, {"m": ctx.merchant_id, "zone": "America/Los_Angeles"})
        set_up(ctx, Policy(window="year", downgrade="at_once"))
        old, new = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        buying.buy(ctx, tenant.store_id, old, 1000_00, at("2026-01-01T07:59"))
        buying.buy(ctx, tenant.store_id, new, 1000_00, at("2026-01-01T08:00"))
        tiers.recompute(ctx, [old, new])
        assert (tier_of(ctx, old), tier_of(ctx, new)) == (None, "Gold")


def test_money_of_two_currencies_is_counted_by_what_points_say_it_is_worth(
    database: Database,
) -> None:
    tenant = make_tenant(database, currency="EUR")
    yen = buying.add_store(database, tenant, "JPY")
    with database.transaction(tenant.merchant_id) as ctx:
        program = text("insert into program_settings (merchant_id, currency) values (:m, 'EUR')")
        ctx.db.execute(program, {"m": ctx.merchant_id})
        set_up(ctx)
        versions = text(
            "insert into points_rules (merchant_id, rule_version, valid_from, hold_days, "
            "return_policy, imports_expire_from, signup_points, birthday_points) values "
            "(:m, 2, '2026-01-01Z', 0, 'unlimited', 'import', 0, 0),"
            "(:m, 3, '2026-03-01Z', 0, 'unlimited', 'import', 0, 0)"
        )
        rates = text(
            "insert into points_rates (merchant_id, rule_version, store_id, rate) values "
            "(:m, 2, :eur, 2), (:m, 2, :jpy, 0.0125), (:m, 3, :eur, 1), (:m, 3, :jpy, 0.01)"
        )
        ids = {"m": ctx.merchant_id, "eur": tenant.store_id, "jpy": yen}
        ctx.db.execute(versions, ids)
        ctx.db.execute(rates, ids)
        member = buying.meet(ctx, tenant.store_id)
        there = buying.meet(ctx, yen)
        buying.merge(ctx, member, there)
        buying.buy(ctx, tenant.store_id, member, 100_00, at("2026-02-01"))
        # Before the first rules that were made, those count; then the newer ones.
        buying.buy(ctx, yen, there, 1_000, at("2025-12-01"))
        buying.buy(ctx, yen, there, 1_000, at("2026-02-01"))
        buying.buy(ctx, yen, there, 40_001, at("2026-03-02"))
        assert qualifying(ctx, AT_ONCE, [member])[member].value == 100_00 + 625 + 625 + 400_01
        tiers.recompute(ctx, [there])
        assert tier_of(ctx, member) == "Silver"


def test_points_and_orders_can_count_instead_of_money(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        order = buying.buy(ctx, tenant.store_id, member, 10_00, TODAY)
        buying.buy(ctx, tenant.store_id, member, 20_00, TODAY)
        buying.give_back(ctx, tenant.store_id, 10_00, TODAY, order=order)
        entries = text(
            "insert into points_transactions (merchant_id, customer_id, store_id, type, points, "
            "rule_version, occurred_at, idempotency_key) values "
            "(:m, :c, :s, 'earn', 40, 1, :at, 'a'), (:m, :c, :s, 'adjust', 900, 1, :at, 'b') "
            "returning transaction_id"
        )
        values = {"m": ctx.merchant_id, "c": member, "s": tenant.store_id, "at": TODAY}
        lots = text(
            "insert into points_lots (merchant_id, customer_id, transaction_id, points, remaining, "
            "reversed, uncollected, available_at) values (:m, :c, :t, :p, 0, :r, :r, :at)"
        )
        for key, points, taken in zip(
            ctx.db.scalars(entries, values), (40, 900), (15, 0), strict=True
        ):
            ctx.db.execute(lots, {**values, "t": key, "p": points, "r": taken})
        assert qualifying(ctx, Policy(basis="points"))[member].value == 25
        assert qualifying(ctx, Policy(basis="orders"))[member].value == 1


def test_a_merge_keeps_the_higher_tier_to_its_end_and_then_counts_both(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx, Policy(downgrade="period_end"))
        kept, lost = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        order = buying.buy(ctx, tenant.store_id, lost, 1000_00, TODAY)
        tiers.recompute(ctx, [lost])
        buying.give_back(ctx, tenant.store_id, 700_00, TODAY, order=order)
        tiers.recompute(ctx, [lost])
        buying.buy(ctx, tenant.store_id, kept, 250_00, at("2026-03-14T11:00"))
        tiers.recompute(ctx, [kept])
        buying.merge(ctx, kept, lost)
        tier_rounds.follow_merge(ctx, kept, [lost])
        assert (tier_of(ctx, kept), tier_of(ctx, lost)) == ("Gold", None)
        assert stored.holdings(ctx, [kept])[kept].keeps_until == at("2027-03-15")
        ctx.now = at("2027-03-14T23:59")
        tiers.recompute(ctx, [kept])
        assert tier_of(ctx, kept) == "Gold"
        buying.buy(ctx, tenant.store_id, lost, 500_00, at("2027-03-14"))
        ctx.now = at("2027-03-15")
        tiers.recompute(ctx, [kept])
        assert tier_of(ctx, kept) == "Silver"
        assert told(ctx, "points.tier_lowered")[0]["customer_id"] == kept


def test_whoever_is_parted_is_judged_by_what_they_bought_themselves(
    database: Database, tenant: Tenant
) -> None:
    with database.transaction(tenant.merchant_id) as ctx:
        set_up(ctx)
        kept, lost = (buying.meet(ctx, tenant.store_id) for _ in range(2))
        buying.buy(ctx, tenant.store_id, kept, 400_00, TODAY)
        buying.buy(ctx, tenant.store_id, lost, 600_00, TODAY)
        tiers.recompute(ctx, [kept, lost])
        buying.merge(ctx, kept, lost)
        tier_rounds.follow_merge(ctx, kept, [lost])
        assert (tier_of(ctx, kept), tier_of(ctx, lost)) == ("Gold", None)
        assert tiers.recompute(ctx, [lost]) == ()
        buying.part(ctx, lost)
        tier_rounds.follow_part(ctx, [kept, lost])
        assert (tier_of(ctx, kept), tier_of(ctx, lost)) == (None, "Silver")


def test_changed_terms_judge_everybody_and_the_stores_hear_of_it(
    held: Parts,
) -> None:
    tenant = make_tenant(held.database, access_token="shpat_x")
    with held.database.transaction(tenant.merchant_id) as ctx:
        member = buying.meet(ctx, tenant.store_id)
        buying.buy(ctx, tenant.store_id, member, 600_00, TODAY)
        ids = set_up(ctx)
    while drain_for(held, "points.judge_everybody", 1):
        continue
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert tier_of(ctx, member) == "Silver"
        assert [m["customers"] for m in told(ctx, "points.changed")] == [[member]]
        assert told(ctx, "points.tier_raised") == []
        assert stored.sizes(ctx) == {ids["Silver"]: 1}
        tier_terms.remove_tier(ctx, ids["Silver"])
        tier_terms.remove_tier(ctx, ids["Gold"])
    while drain_for(held, "points.judge_everybody", 1):
        continue
    with held.database.transaction(tenant.merchant_id) as ctx:
        shown = text("select tier, version from customer_cards")
        assert [tuple(row) for row in ctx.db.execute(shown)] == [(None, 2)]


def test_a_new_name_is_shown_again(held: Parts) -> None:
    tenant = make_tenant(held.database, access_token="shpat_x")
    with held.database.transaction(tenant.merchant_id) as ctx:
        ids = set_up(ctx)
        member = buying.meet(ctx, tenant.store_id)
        buying.buy(ctx, tenant.store_id, member, 600_00, TODAY)
        tiers.recompute(ctx, [member])
        tier_terms.rename_tier(ctx, ids["Silver"], {"en": "Pearl", "fr": "Perle"})
        assert stored.names(ctx, "fr")[ids["Silver"]] == "Perle"
        assert stored.names(ctx, "ja")[ids["Silver"]] == "Pearl"
    while drain_for(held, "points.judge_everybody", 1):
        continue
    with held.database.transaction(tenant.merchant_id) as ctx:
        assert ctx.db.scalar(text("select version from customer_cards")) == 2
        assert [m["customers"] for m in told(ctx, "points.changed")] == [[member]]
