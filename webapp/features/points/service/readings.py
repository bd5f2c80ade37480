"""What stores were found to show, against what they should."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.messages import Card, ReadBack
from webapp.features.points.queries.accuracy import CHANGED_JUST_NOW, ON_ITS_WAY, SHOWN
from webapp.features.points.service.pushes import ask_again, cards_of, metafields_of
from webapp.features.points.service.reconciliation import count

Values = Mapping[str, str | None]


def judge(ctx: Context, read: ReadBack, found: Mapping[str, Values]) -> None:
    """Compare what a store shows with the cards; name what is wrong, and have it pushed again.

    What changed within ON_ITS_WAY and is not there yet, or was pushed while we were reading, is
    pending. `found` leaves out customers that the store does not know."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": read.store_id,
        "ids": list(read.customers),
        "on_its_way": ON_ITS_WAY,
    }
    rows = ctx.db.execute(_EXPECTED, values).all()
    cards = {card.external_id: card for card in cards_of(ctx, rows)}
    matched = pending = 0
    wrong = []
    for row in rows:
        card = cards[row.external_id]
        expected, shown = differences(card, found.get(row.external_id, {}))
        if not expected:
            matched += 1
        elif _is_pending(row, read):
            pending += 1
        else:
            wrong.append((card, expected, shown))
    if wrong:
        _name(ctx, read, wrong)
    count(ctx, read.run_id, matched=matched, mismatched=len(wrong), pending=pending)


def differences(card: Card, found: Values) -> tuple[dict[str, str], dict[str, str | None]]:
    """Of the metafields that are not as the card has them: what is expected, and what is there."""
    expected = {
        key: value for key, (_, value) in metafields_of(card).items() if found.get(key) != value
    }
    return expected, {key: found.get(key) for key in expected}


def _is_pending(row: Any, read: ReadBack) -> bool:
    if row.pushed_at is not None and row.pushed_at > read.asked_at:
        return True
    return not row.pushed and bool(row.just_changed)


_EXPECTED = text(
    f"""
    with shown as ({SHOWN} and i.store_id = :store_id and i.external_id = any(:ids))
    select b.*, 0 as number, ({CHANGED_JUST_NOW}) as just_changed
    from shown b order by b.external_id
    """  # noqa: S608 - made of constants
)


def _name(
    ctx: Context,
    read: ReadBack,
    wrong: Sequence[tuple[Card, Mapping[str, str], Mapping[str, str | None]]],
) -> None:
    """Write down what is wrong, and ask for it to be pushed again."""
    rows = [
        {
            "external_id": card.external_id,
            "customer_id": card.customer_id,
            "expected": dict(expected),
            "found": dict(shown),
        }
        for card, expected, shown in wrong
    ]
    values = {
        "merchant_id": ctx.merchant_id,
        "run_id": read.run_id,
        "store_id": read.store_id,
        "wall": ctx.wall,
    }
    ctx.db.execute(_MISMATCHES, {**values, "rows": json.dumps(rows)})
    members = sorted({card.customer_id for card, _, _ in wrong})
    ask_again(ctx, read.store_id, members)


_MISMATCHES = text(
    """
    insert into sync_mismatches (
        merchant_id, run_id, store_id, external_id, customer_id, expected, found, found_at
    )
    select :merchant_id, :run_id, :store_id, external_id, customer_id, expected, found, :wall
    from jsonb_to_recordset(cast(:rows as jsonb))
        as t(external_id text, customer_id text, expected jsonb, found jsonb)
    order by external_id
    on conflict do nothing
    """
)
