"""Which cards a store has to be shown, and what it shows now.

A push always carries the whole newest card, so pushes that pile up coalesce: the first one shows
what all of them wanted, and the others find nothing left to do. Every push has a number, which
goes along as `card_version`; see `jobs.pushing` for how the older one gives way.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import new_id
from webapp.features.points.messages import Card, CardPush, CardsAsked, CardsPushed
from webapp.features.points.queries import tiers

# metafieldsSet takes at most 25 metafields a call, and a customer has five.
CARDS_A_CALL = 5
CUSTOMERS_A_PUSH = 25
CARD_VERSION = "card_version"
# A metafield cannot be blank; this is the tier of somebody who is in none.
NO_TIER = "-"
# How often a state that is not of our making is written over, before the next reconciliation.
MOST_ROUNDS = 3


def metafields_of(card: Card) -> dict[str, tuple[str, str]]:
    """What a card looks like in a shop: key -> (type, value), without its version."""
    return {
        "points_balance": ("number_integer", str(card.points)),
        "tier": ("single_line_text_field", card.tier or NO_TIER),
        "shared_customer_id": ("single_line_text_field", card.shared_customer_id),
        "leaderboard_score": ("number_integer", str(card.score)),
    }


def prepare_push(ctx: Context, asked: CardsAsked, message_id: int | None = None) -> CardPush | None:
    """The cards of these members that the store does not show yet; None when it shows all, and for
    a store that we may not write to. With `again` also those that it should be showing.

    Customers whose id is not one of Shopify's (files may hold others) have no metafields there.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, asked.store_id))
    if store.access_token is None:
        return None
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": asked.store_id,
        "customers": list(asked.customers),
        "again": asked.again,
    }
    cards = cards_of(ctx, ctx.db.execute(_UNSHOWN, values))
    if not cards:
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, asked.store_id))
    since = None
    if not asked.again:
        told = {"merchant_id": ctx.merchant_id, "message_id": message_id, "since": asked.since}
        since = ctx.db.scalar(_SINCE, told)
    return CardPush(
        asked.store_id, store.shop_domain, token, cards, since, asked.again, asked.rounds
    )


def cards_of(ctx: Context, rows: Iterable[Any]) -> tuple[Card, ...]:
    """Cards of rows as `_UNSHOWN` gives them, their tiers in the merchant's language."""
    found = list(rows)
    named: Mapping[str, str] = {}
    if any(row.tier for row in found):
        locale = ctx.db.scalar(_LOCALE, {"merchant_id": ctx.merchant_id})
        named = tiers.names(ctx, str(locale))
    return tuple(
        Card(
            external_id=row.external_id,
            customer_id=row.customer_id,
            version=row.version,
            points=row.points,
            number=row.number,
            tier=named.get(row.tier, ""),
            shared_customer_id=row.shared_customer_id,
            score=row.score,
            digest=row.digest,
        )
        for row in found
    )


_LOCALE = text("select locale from merchants where merchant_id = :merchant_id")
_SINCE = text(
    """
    select coalesce(cast(:since as timestamptz), (
        select created_at from outbox
        where merchant_id = :merchant_id and message_id = :message_id
    ))
    """
)
_UNSHOWN = text(
    """
    with asked as (
        select distinct coalesce(merged_into, customer_id) as member from users
        where merchant_id = :merchant_id and customer_id = any(:customers)
    ), homes as (
        select member, member as home from asked
        union all
        select a.member, u.customer_id
        from asked a join users u on u.merchant_id = :merchant_id and u.merged_into = a.member
    )
    select i.external_id, c.customer_id, c.version, c.points, c.tier, c.score,
           m.shared_customer_id, p.digest, nextval('push_numbers') as number
    from homes h
    join customer_identities i on i.merchant_id = :merchant_id and i.customer_id = h.home
    join customer_cards c on c.merchant_id = :merchant_id and c.customer_id = h.member
    join users m on m.merchant_id = :merchant_id and m.customer_id = h.member
    left join metafield_projections p on p.merchant_id = i.merchant_id
        and p.store_id = i.store_id and p.external_id = i.external_id
    where i.store_id = :store_id and i.external_id ~ '^[0-9]{1,19}$'
      and (
          :again or c.version > coalesce(p.pushed_version, 0)
          or coalesce(p.customer_id, i.customer_id) <> c.customer_id
      )
    order by i.external_id
    """
)


def record_push(ctx: Context, push: CardPush, done: CardsPushed) -> None:
    """Note what the store shows now and what it refuses. Who was not reached is asked for again,
    and so is what somebody else has written: only we number pushes, and we still hold the lane."""
    told = {*done.shown, *done.refused}
    settled = [card for card in push.cards if card.external_id in told]
    if settled:
        ctx.db.execute(_RECORD, _recorded(ctx, push, done, settled))
    if done.shown:
        repaired = {"shown": sorted(done.shown), "store_id": push.store_id, "wall": ctx.wall}
        ctx.db.execute(_REPAIRED, {"merchant_id": ctx.merchant_id, **repaired})
    if done.refused:
        refused = sorted(done.refused)
        ctx.audit("metafields_refused", store_id=push.store_id, customers=refused)
    passed = [card for card in push.cards if card.external_id in done.passed]
    if passed:
        _write_over(ctx, push, done, passed)
    rest = [card for card in push.cards if card.external_id not in {*told, *done.passed}]
    if rest:
        since = push.since.isoformat() if push.since else None
        more = {"again": push.again, "since": since, "rounds": push.rounds}
        _ask(ctx, push.store_id, rest, more, done.after)


def _recorded(
    ctx: Context, push: CardPush, done: CardsPushed, settled: list[Card]
) -> dict[str, Any]:
    ids = [card.external_id for card in settled]
    return {
        "merchant_id": ctx.merchant_id,
        "store_id": push.store_id,
        "wall": ctx.wall,
        "since": push.since,
        "ids": ids,
        "members": [card.customer_id for card in settled],
        "versions": [card.version for card in settled],
        "digests": [done.shown.get(external_id) for external_id in ids],
        "reasons": [done.refused.get(external_id) for external_id in ids],
    }


def _write_over(ctx: Context, push: CardPush, done: CardsPushed, passed: list[Card]) -> None:
    """Learn the digests of what somebody else wrote, and ask for these cards once more."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": push.store_id,
        "wall": ctx.wall,
        "ids": [card.external_id for card in passed],
        "digests": [done.passed[card.external_id] for card in passed],
    }
    ctx.db.execute(_LEARN, values)
    if push.rounds < MOST_ROUNDS:
        _ask(ctx, push.store_id, passed, {"again": True, "rounds": push.rounds + 1})


def _ask(
    ctx: Context, store_id: str, cards: list[Card], more: Mapping[str, Any], due_in: float = 0.0
) -> None:
    customers = sorted({card.customer_id for card in cards})
    payload = {"store_id": store_id, "customers": customers, **more}
    ctx.emit("points.changed", new_id("push_"), payload, due_in)


def ask_again(ctx: Context, store_id: str, customers: Sequence[str]) -> None:
    """Ask that a store shows these members' cards once more, whatever it is showing."""
    groups = (
        customers[start : start + CUSTOMERS_A_PUSH]
        for start in range(0, len(customers), CUSTOMERS_A_PUSH)
    )
    requests = [
        (new_id("push_"), {"store_id": store_id, "customers": list(group), "again": True})
        for group in groups
    ]
    ctx.emit_all("points.changed", requests)


_RECORD = text(
    """
    insert into metafield_projections as p (
        merchant_id, store_id, external_id, pushed_version, pushed_at, refused, customer_id, digest,
        lag_ms, reason
    )
    select :merchant_id, :store_id, external_id, version, :wall, reason is not null, customer_id,
           digest, case when reason is null
               then 1000 * extract(epoch from clock_timestamp() - cast(:since as timestamptz)) end,
           reason
    from unnest(
        cast(:ids as text[]), cast(:members as text[]), cast(:versions as bigint[]),
        cast(:digests as text[]), cast(:reasons as text[])
    ) as t(external_id, customer_id, version, digest, reason)
    order by external_id
    on conflict (merchant_id, store_id, external_id) do update
    set pushed_version = excluded.pushed_version, pushed_at = excluded.pushed_at,
        refused = excluded.refused, customer_id = excluded.customer_id,
        digest = coalesce(excluded.digest, p.digest), lag_ms = coalesce(excluded.lag_ms, p.lag_ms),
        reason = excluded.reason
    where p.pushed_version <= excluded.pushed_version
       or coalesce(p.customer_id, '') <> excluded.customer_id
    """
)
_LEARN = text(
    """
    insert into metafield_projections
        (merchant_id, store_id, external_id, pushed_version, pushed_at, digest)
    select :merchant_id, :store_id, external_id, 0, :wall, digest
    from unnest(cast(:ids as text[]), cast(:digests as text[])) as t(external_id, digest)
    order by external_id
    on conflict (merchant_id, store_id, external_id) do update set digest = excluded.digest
    """
)
_REPAIRED = text(
    """
    with repaired as (
        update sync_mismatches set repaired_at = :wall
        where merchant_id = :merchant_id and store_id = :store_id and external_id = any(:shown)
          and repaired_at is null
        returning run_id
    ), counted as (
        select run_id, count(*) as number from repaired group by run_id
    )
    update sync_runs r set repaired = r.repaired + c.number
    from counted c where r.merchant_id = :merchant_id and r.run_id = c.run_id
    """
)
