"""Bonuses that a person gets once, however many customers of however many stores they are: for
signing up, and for a birthday once a year.

What was given already is looked for at all homes of the member. Two who had each got one before
they were found to be one person keep the older; the younger is taken back by the return policy of
the rules, as any points that were given in error. When they are parted again, what was taken is
given back, so that undoing a merge leaves no trace in a balance.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.features.points.domain.birthdays import CHANGE_AGAIN, is_day
from webapp.features.points.messages.failures import BIRTHDAY_SET
from webapp.features.points.messages.identities import BirthdaySet, SetBirthday
from webapp.features.points.queries.rules import bonus_expires_at, rule_at
from webapp.features.points.service import ledger
from webapp.features.points.service.ledger import Credit

SIGNUP = "signup"
BIRTHDAY = "birthday"
# How long after a birthday its points are still given, when nobody worked in between.
LATE = timedelta(days=7)
BIRTHDAYS_AT_ONCE = 1_000
# Home, store, occasion, points, key.
Bonus = tuple[str, str, str, int, str]


def grant_signups(ctx: Context, store_id: str, customers: Sequence[str]) -> None:
    """Give new customers of a store what the rules give for signing up, once per person."""
    points = rule_at(ctx, ctx.now).signup_points
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": list(customers),
    }
    homes = list(ctx.db.scalars(_HOMES, values)) if points and customers else []
    _grant(ctx, [(home, store_id, SIGNUP) for home in homes], points)


_HOMES = text(
    """
    select customer_id from customer_identities
    where merchant_id = :merchant_id and store_id = :store_id and external_id = any(:customers)
    order by customer_id
    """
)


def grant_birthdays(ctx: Context) -> None:
    """Give members whose birthday it is, in the zone of their store, what the rules give for it. A
    birthday on a leap day is kept on 28 February in other years. One that was named on the day
    itself, or later, counts from the next year on."""
    points = rule_at(ctx, ctx.now).birthday_points
    values = {
        "merchant_id": ctx.merchant_id,
        "now": ctx.now,
        "late": LATE.days - 1,
        "most": BIRTHDAYS_AT_ONCE,
    }
    due = list(ctx.db.execute(_DUE, values)) if points else []
    _grant(ctx, [(home, store, f"{BIRTHDAY}:{year}") for home, store, year in due], points)


_DUE = text(
    """
    with days as (
        select s.store_id, s.timezone, d::date as day
        from stores s
        cross join generate_series(
            (cast(:now as timestamptz) at time zone s.timezone)::date - cast(:late as integer),
            (cast(:now as timestamptz) at time zone s.timezone)::date, interval '1 day'
        ) as d
        where s.merchant_id = :merchant_id
    ), celebrated as (
        select store_id, timezone, day, extract(month from day)::int as month,
               extract(day from day)::int as monthday
        from days
        union all
        select store_id, timezone, day, 2, 29 from days
        where to_char(day, 'MMDD') = '0228' and to_char(day + 1, 'MMDD') = '0301'
    )
    select distinct on (b.customer_id)
           b.customer_id, c.store_id, extract(year from c.day)::int
    from celebrated c
    join birthdays b
        on b.merchant_id = :merchant_id and b.month = c.month and b.day = c.monthday
    join customer_identities i on i.merchant_id = b.merchant_id and i.store_id = c.store_id
        and i.customer_id = b.customer_id
    where (b.set_at at time zone c.timezone)::date < c.day and not exists (
        select from users u
        join users h on h.merchant_id = u.merchant_id
            and (h.customer_id = coalesce(u.merged_into, u.customer_id)
                 or h.merged_into = coalesce(u.merged_into, u.customer_id))
        join points_transactions t on t.merchant_id = h.merchant_id
            and t.customer_id = h.customer_id
        where u.merchant_id = b.merchant_id and u.customer_id = b.customer_id
          and t.type = 'bonus' and t.reason = 'birthday:' || extract(year from c.day)::int
    )
    order by b.customer_id, c.store_id
    limit :most
    """
)


def _grant(ctx: Context, wanted: Sequence[tuple[str, str, str]], points: int) -> None:
    """Enter a bonus for each (home, store, occasion) whose member has not had it yet."""
    if not wanted:
        return
    holders = ledger.lock_members(ctx, [home for home, _, _ in wanted])
    homes = {home for holder in holders.values() for home in holder.homes}
    given = _given(ctx, homes)
    bonuses = []
    for home, store_id, occasion in wanted:
        own = {(known, occasion) for known in holders[home].homes}
        if own.isdisjoint(given):
            bonuses.append((home, store_id, occasion, points, f"{occasion}:{home}"))
            given.add((home, occasion))
    _credit(ctx, bonuses)


def _given(ctx: Context, homes: Iterable[str]) -> set[tuple[str, str]]:
    """(home, occasion) of every bonus that these homes ever got."""
    values = {"merchant_id": ctx.merchant_id, "homes": sorted(homes)}
    return {(str(home), str(occasion)) for home, occasion in ctx.db.execute(_GIVEN, values)}


_GIVEN = text(
    """
    select customer_id, reason from points_transactions
    where merchant_id = :merchant_id and customer_id = any(:homes) and type = 'bonus'
      and (reason = 'signup' or reason like 'birthday:%')
    """
)


def _credit(ctx: Context, bonuses: Sequence[Bonus]) -> None:
    ends = {s: bonus_expires_at(ctx, s, ctx.now) for s in {bonus[1] for bonus in bonuses}}
    ledger.credit_all(
        ctx,
        [
            Credit(
                customer_id=home,
                store_id=store_id,
                type="bonus",
                points=points,
                key=key,
                occurred_at=ctx.now,
                expires_at=ends[store_id],
                reason=occasion,
            )
            for home, store_id, occasion, points, key in bonuses
        ],
    )


def take_back_doubles(ctx: Context, members: Iterable[str]) -> None:
    """Of the same bonus that members who have just been merged have more than once, leave them the
    oldest."""
    holders = ledger.lock_members(ctx, members)
    homes = {home: h.member for h in holders.values() for home in h.homes}
    values = {
        "merchant_id": ctx.merchant_id,
        "homes": list(homes),
        "members": list(homes.values()),
    }
    for key in list(ctx.db.scalars(_DOUBLES, values)):
        ledger.void(ctx, key, f"twice:{key}", ctx.now)


# A bonus that was taken back is not one that they have.
_BONUSES = """
    select h.member, t.customer_id, t.store_id, t.transaction_id, t.idempotency_key, t.reason,
           t.occurred_at, coalesce((
               select -sum(c.points)::bigint from points_transactions c
               where c.merchant_id = t.merchant_id and c.customer_id = t.customer_id
                 and c.parent_id = t.transaction_id and c.type = 'clawback'
                 and c.idempotency_key like 'twice:%'
           ), 0) as taken
    from unnest(cast(:homes as text[]), cast(:members as text[])) as h(home, member)
    join points_transactions t on t.merchant_id = :merchant_id and t.customer_id = h.home
    where t.type = 'bonus' and (t.reason = 'signup' or t.reason like 'birthday:%')
"""

_DOUBLES = text(
    f"""
    with bonuses as ({_BONUSES}), held as (
        select idempotency_key, row_number() over (
            partition by member, reason order by occurred_at, transaction_id
        ) as place
        from bonuses where taken = 0
    )
    select idempotency_key from held where place > 1 order by idempotency_key
    """  # noqa: S608 - the same text twice
)


def give_back_parted(ctx: Context, members: Iterable[str], part_id: str) -> None:
    """Give members who were parted what was taken from them as a double, unless they still have
    such a bonus."""
    holders = ledger.lock_members(ctx, members)
    homes = {home: h.member for h in holders.values() for home in h.homes}
    values = {
        "merchant_id": ctx.merchant_id,
        "homes": list(homes),
        "members": list(homes.values()),
    }
    lacking = [
        (home, store_id, occasion, points, f"again:{part_id}:{home}:{occasion}")
        for home, store_id, occasion, points in ctx.db.execute(_LACKING, values)
    ]
    _credit(ctx, lacking)


_LACKING = text(
    f"""
    with bonuses as ({_BONUSES})
    select distinct on (member, reason) customer_id, store_id, reason, taken
    from bonuses b
    where taken > 0 and not exists (
        select from bonuses o
        where o.member = b.member and o.reason = b.reason and o.taken = 0
    )
    order by member, reason, occurred_at desc, transaction_id desc
    """  # noqa: S608 - the same text twice
)


def set_birthday(ctx: Context, message: SetBirthday) -> BirthdaySet:
    """Keep the day and month of a member's birthday, at the home they name it from.

    Raises AppError: invalid_value for a day that no year has; birthday_set within a year after it
    was named at any of their homes.
    """
    if not is_day(message.month, message.day):
        said = f"{message.month}-{message.day}"
        raise AppError(INVALID_VALUE, field="day", value=said)
    holder = ledger.lock_members(ctx, [message.customer_id])[message.customer_id]
    values = {
        "merchant_id": ctx.merchant_id,
        "homes": list(holder.homes),
        "store_id": message.store_id,
        "external_id": message.external_id,
        "month": message.month,
        "day": message.day,
        "now": ctx.now,
    }
    last = ctx.db.scalar(_LAST, values)
    if last is not None and last > ctx.now - CHANGE_AGAIN:
        raise AppError(BIRTHDAY_SET)
    ctx.db.execute(_FORGET, values)
    ctx.db.execute(_SET, values)
    ctx.audit("birthday_set", customer_id=holder.member)
    ctx.stale(cache.points_tag(holder.member))
    return BirthdaySet(message.month, message.day)


_LAST = text(
    """
    select max(set_at) from birthdays
    where merchant_id = :merchant_id and customer_id = any(:homes)
    """
)
_FORGET = text(
    "delete from birthdays where merchant_id = :merchant_id and customer_id = any(:homes)"
)
_SET = text(
    """
    insert into birthdays (merchant_id, customer_id, month, day, set_at)
    select merchant_id, customer_id, :month, :day, :now from customer_identities
    where merchant_id = :merchant_id and store_id = :store_id and external_id = :external_id
      and customer_id = any(:homes)
    """
)


def forget_birthdays(ctx: Context, store_id: str, customers: Sequence[str]) -> None:
    """Forget what customers of a store have said of their birthdays: the shop wants them
    forgotten."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": list(customers),
    }
    ctx.db.execute(_FORGET_CUSTOMERS, values)


_FORGET_CUSTOMERS = text(
    """
    delete from birthdays b using customer_identities i
    where b.merchant_id = :merchant_id and i.merchant_id = b.merchant_id
      and i.customer_id = b.customer_id and i.store_id = :store_id
      and i.external_id = any(:customers)
    """
)
