"""Anything that can happen to points, in any order, on real PostgreSQL, beside a model in plain
Python that knows nothing of it. After each step both say the same, the books add up, and at the end
the same events in another tenant give the same state."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from tests.conftest import KEYS
from tests.factories import FixedClock, NoCache
from tests.features.points.ledger_model import Batch, Model, Sale, Terms
from tests.features.points.ledgers import Shop
from webapp.core import discovery
from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points import queries, service
from webapp.features.points.queries import checks
from webapp.features.points.service import identities

START = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
HOMES = 3
STATE = text(
    """
    select u.customer_id, coalesce(u.merged_into, u.customer_id) as member, c.points, c.pending,
        c.score, c.score_cycle, coalesce(c.changes_at <= :now, false) as due,
        coalesce((select array_agg(case when l.expires_at <= :now then 0 else l.remaining end
            order by l.transaction_id)
         from points_lots l where l.customer_id = u.customer_id), '{}') as lots,
        coalesce((select d.points from points_deficits d where d.customer_id = u.customer_id), 0)
            as owed,
        coalesce((select jsonb_object_agg(t.type, t.points) from (
            select type, sum(points)::bigint as points from points_transactions
            where customer_id = u.customer_id and type <> 'expire' group by type) as t), '{}')
            as tally
    from users u left join customer_cards c using (merchant_id, customer_id)
    where u.customer_id = any(:homes)
    """
)


class World:
    """One tenant, worked by commands that can be worked again in another."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        clock.at = START
        self.shop = Shop(database, clock)
        self.other = self.shop.add_store()
        self.clock = clock
        stores = [self.shop.store_id, self.other, self.shop.store_id]
        self.homes = [self.shop.member(store_id=store) for store in stores]
        self.stores = stores
        self.orders: dict[int, int] = {}
        self.refunds: dict[int, list[int]] = {}
        self.links: dict[int, str] = {}
        self.said: list[Any] = []

    def do(self, what: str, *given: Any) -> Any:
        answer = getattr(self, what)(*given)
        self.said.append(answer)
        return answer

    def pass_time(self, to: datetime) -> None:
        self.clock.at = to

    def change_rule(self, rate: str, hold: int, policy: str, lasts: int | None) -> None:
        rates = {self.shop.store_id: rate, self.other: rate}
        self.shop.rule(rates, hold_days=hold, return_policy=policy, expiry_days=lasts)

    def place(self, number: int, home: int, minor: int) -> None:
        key, store = f"o{number}", self.stores[home]
        self.orders[number] = self.shop.order(
            self.homes[home], minor, key=key, store_id=store, award=False
        )

    def refund(self, number: int, home: int, minor: int) -> None:
        refund = self.shop.refund(
            None, minor, key=f"o{number}", tell=False, store_id=self.stores[home]
        )
        self.refunds.setdefault(number, []).append(refund)

    def cancel(self, number: int) -> None:
        self.shop.note_cancelled(self.orders[number])

    def hear_paid(self, number: int, home: int) -> None:
        self.shop.award(self.orders[number], store_id=self.stores[home])

    def hear_refund(self, number: int, which: int) -> None:
        self.shop.tell_refund(self.refunds[number][which])

    def hear_cancelled(self, number: int) -> None:
        self.shop.tell_cancelled(self.orders[number])

    def bonus(self, number: int, home: int, points: int, days: int | None) -> bool:
        ends = None if days is None else self.clock.at + timedelta(days=days)
        key = f"bonus:{number}"
        return self.shop.credit(self.homes[home], points, key=key, expires_at=ends) is not None

    def void(self, number: int) -> None:
        with self.shop.open() as ctx:
            service.void(ctx, f"bonus:{number}", f"void:{number}", ctx.now)

    def redeem(self, number: int, home: int, points: int) -> bool:
        try:
            self.shop.redeem(self.member(home), points, key=f"r{number}", store_id=self.other)
        except AppError:
            return False
        return True

    def give_back(self, number: int) -> int:
        return self.shop.give_back(f"r{number}")

    def settle(self) -> None:
        with self.shop.open() as ctx:
            service.ask_to_settle(ctx)
            service.settle_members(ctx, self.homes)

    def merge(self, number: int, one: int, two: int) -> None:
        with self.shop.open() as ctx:
            kept, lost = self.homes[one], self.homes[two]
            self.links[number] = identities.merge(ctx, kept, lost, "merchant")

    def part(self, number: int) -> None:
        with self.shop.open() as ctx:
            identities.unmerge(ctx, self.links.pop(number))

    def member(self, home: int) -> str:
        sql = "select coalesce(merged_into, customer_id) from users where customer_id = :h"
        [(member,)] = self.shop.rows(sql, h=self.homes[home])
        return str(member)

    def states(self, ctx: Context) -> list[Any]:
        """What the tables say of each home."""
        values = {"homes": self.homes, "now": self.clock.at}
        rows = {row.customer_id: row for row in ctx.db.execute(STATE, values)}
        return [rows[home] for home in self.homes]

    def outcome(self) -> list[Any]:
        """The same without ids."""
        with self.shop.open() as ctx:
            return [tuple(row)[2:] for row in self.states(ctx)]

    def history(self) -> list[list[tuple[Any, ...]]]:
        """Everything the ledger says, without its ids."""
        entries = """
            select type, points, occurred_at, available_at, expires_at, rule_version, rate
            from points_transactions where customer_id = :h order by transaction_id
        """
        return [self.shop.rows(entries, h=home) for home in self.homes]


numbers = st.integers(0, HOMES - 1)
amounts = st.one_of(st.sampled_from([99, 100, 5000, 9999]), st.integers(1, 20_000))


class Ledger(RuleBasedStateMachine):
    """The commands, each to the tenant and to the model, and what must hold after each."""

    engine: Engine
    sales = Bundle("sales")
    redemptions = Bundle("redemptions")
    bonuses = Bundle("bonuses")

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.clock = FixedClock(START)
        self.database = Database(
            self.connection,
            clock=self.clock,
            cache=NoCache(),
            keys=KeyRing(KEYS),
            handlers=discovery.handler_names(),
            ring=lambda handlers: None,
        )
        self.world = World(self.database, self.clock)
        self.model = Model(START, terms=[Terms(START - timedelta(days=999))])
        self.log: list[tuple[Any, ...]] = []
        self.replays = False
        self.count = 0

    def teardown(self) -> None:
        try:
            if self.replays:
                self.replay()
        finally:
            self.outer.rollback()
            self.connection.close()

    def replay(self) -> None:
        ends, before = self.clock.at, self.world.history()
        outcome = self.world.outcome()
        again = World(self.database, self.clock)
        for what, *given in self.log:
            again.do(what, *given)
        assert self.clock.at == ends
        assert again.said == self.world.said
        assert again.history() == before
        assert again.outcome() == outcome

    def do(self, what: str, *given: Any) -> Any:
        self.log.append((what, *given))
        return self.world.do(what, *given)

    def new(self) -> int:
        self.count += 1
        return self.count

    @initialize(
        policy=st.sampled_from(["only_pending", "within_balance", "unlimited"]),
        hold=st.sampled_from([0, 0, 5]),
        lasts=st.sampled_from([None, 20]),
        replays=st.sampled_from([False, False, False, True]),
    )
    def begin(self, policy: str, hold: int, lasts: int | None, replays: bool) -> None:
        self.replays = replays
        self.change_rule("1", hold, policy, lasts)

    @rule(
        rate=st.sampled_from(["1", "3.33", "0.5", "0"]),
        hold=st.sampled_from([0, 5]),
        policy=st.sampled_from(["only_pending", "within_balance", "unlimited"]),
        lasts=st.sampled_from([None, 1, 20]),
    )
    def change_rule(self, rate: str, hold: int, policy: str, lasts: int | None) -> None:
        # What was bought in the very moment would earn by the new rules.
        self.do("pass_time", self.clock.at + timedelta(seconds=1))
        self.model.pass_time(self.clock.at)
        self.do("change_rule", rate, hold, policy, lasts)
        self.model.terms.append(Terms(self.clock.at, rate, hold, policy, lasts))

    @rule(hours=st.sampled_from([1, 24, 5 * 24, 20 * 24]))
    def pass_time(self, hours: int) -> None:
        to = self.clock.at + timedelta(hours=hours)
        self.do("pass_time", to)
        self.model.pass_time(to)

    @rule(target=sales, home=numbers, minor=amounts)
    def buy(self, home: int, minor: int) -> int:
        number = self.place(home, minor)
        self.hear_paid(number)
        return number

    @rule(target=sales, home=numbers, minor=amounts)
    def place(self, home: int, minor: int) -> int:
        number = self.new()
        self.do("place", number, home, minor)
        self.model.sales[number] = Sale(home, minor, self.clock.at)
        return number

    @rule(target=sales, home=numbers, minor=amounts, part=amounts)
    def refund_before_paid(self, home: int, minor: int, part: int) -> int:
        number = self.new()
        self.do("refund", number, home, part)
        self.do("hear_refund", number, 0)
        self.do("place", number, home, minor)
        sale = Sale(home, minor, self.clock.at, refunds=[(part, self.clock.at)])
        self.model.sales[number] = sale
        return number

    @rule(number=sales)
    def hear_paid(self, number: int) -> None:
        self.do("hear_paid", number, self.model.sales[number].home)
        self.model.hear_paid(number)

    @rule(number=sales, part=amounts, whole=st.booleans(), heard=st.booleans())
    def refund(self, number: int, part: int, whole: bool, heard: bool) -> None:
        sale = self.model.sales[number]
        minor = sale.minor if whole else part
        self.do("refund", number, sale.home, minor)
        sale.refunds.append((minor, self.clock.at))
        if heard:
            self.hear_refund(number, len(sale.refunds) - 1)

    @rule(number=sales, which=st.integers(0, 3))
    def hear_refund(self, number: int, which: int) -> None:
        if which < len(self.model.sales[number].refunds):
            self.do("hear_refund", number, which)
            self.model.hear_refund(number)

    @rule(number=sales, times=st.integers(1, 2))
    def cancel(self, number: int, times: int) -> None:
        sale = self.model.sales[number]
        if not sale.cancelled:
            self.do("cancel", number)
            sale.cancelled = True
        for _ in range(times):
            self.do("hear_cancelled", number)
            self.model.hear_cancelled(number, self.clock.at)

    @rule(
        target=bonuses,
        home=numbers,
        points=st.integers(1, 300),
        days=st.sampled_from([None, 1, 20]),
    )
    def bonus(self, home: int, points: int, days: int | None) -> int:
        number = self.new()
        assert self.do("bonus", number, home, points, days)
        # A merchant's bonus, given twice under one key, counts once.
        assert not self.do("bonus", number, home, points, days)
        begins = self.clock.at
        ends = begins + timedelta(days=days) if days else datetime(9999, 1, 1, tzinfo=UTC)
        policy = self.model.rule(begins).policy
        batch = Batch(len(self.model.batches), home, points, begins, ends, policy)
        self.model.bring(batch, "bonus", begins)
        self.voidable: dict[int, Batch] = {**getattr(self, "voidable", {}), number: batch}
        return number

    @rule(number=bonuses)
    def void(self, number: int) -> None:
        self.do("void", number)
        batch = self.voidable[number]
        self.model.want(batch, batch.points - batch.asked, self.clock.at)

    @rule(target=redemptions, home=numbers, points=st.integers(1, 200))
    def redeem(self, home: int, points: int) -> Any:
        number = self.new()
        done = self.model.spend(home, points, number)
        assert self.do("redeem", number, home, points) is done
        if done:
            # The same again, as a browser would repeat it.
            assert self.do("redeem", number, home, points)
        return number if done else multiple()

    @rule(target=redemptions, home=numbers, more=st.sampled_from([0, 0, 1]))
    def redeem_all(self, home: int, more: int) -> Any:
        points = self.model.spendable(home) + more
        return self.redeem(home, points) if points > 0 else multiple()

    @rule(number=redemptions)
    def give_back(self, number: int) -> None:
        points = self.model.undo(number)
        assert self.do("give_back", number) == points

    @rule()
    def settle(self) -> None:
        self.do("settle")

    @rule(one=numbers, two=numbers)
    def merge(self, one: int, two: int) -> None:
        if two not in self.model.person(one):
            number = self.new()
            self.do("merge", number, one, two)
            self.model.links[number] = (one, two)

    @precondition(lambda self: self.model.links)
    @rule(data=st.data())
    def part(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.links)))
        self.do("part", number)
        del self.model.links[number]

    @invariant()
    def both_say_the_same_and_books_add_up(self) -> None:
        with self.world.shop.open() as ctx:
            states = self.world.states(ctx)
            members = dict.fromkeys(state.member for state in states)
            spendable = {member: queries.spendable(ctx, member) for member in members}
            assert checks.unbalanced(ctx, 9) == []
            assert checks.replayed(ctx, self.world.homes) == []
        for home, state in enumerate(states):
            self.compare(home, state, spendable[state.member])

    def compare(self, home: int, state: Any, spendable: int) -> None:
        model, person = self.model, self.model.person(home)
        batches = [batch.left for batch in model.batches if batch.home == home]
        assert (state.lots, state.owed) == (batches, model.owed[home])
        assert state.tally == {k: n for (h, k), n in model.tally.items() if h == home and n}
        assert spendable == model.spendable(home)
        if state.member != self.world.homes[home] or state.points is None:
            assert not state.points
            return
        if not state.due:
            assert (state.points, state.pending) == (spendable, model.pending(home))
        if state.score_cycle == f"{self.clock.at:%Y-%m}":
            assert state.score == max(0, sum(model.month[h, state.score_cycle] for h in person))


def machine(engine: Engine) -> Callable[[], Ledger]:
    return type("LedgerOn", (Ledger,), {"engine": engine})


ALWAYS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


def test_ledger_agrees_with_its_model(engine: Engine) -> None:
    some = settings(max_examples=6, stateful_step_count=20, **ALWAYS)
    run_state_machine_as_test(machine(engine), settings=some)


@pytest.mark.full
def test_ledger_agrees_with_its_model_for_long(engine: Engine) -> None:
    many = settings(max_examples=500, stateful_step_count=50, **ALWAYS)
    run_state_machine_as_test(machine(engine), settings=many)
