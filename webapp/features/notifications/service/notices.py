"""What merchants are told on their dashboard, in the language of whoever looks at it."""

from collections.abc import Sequence

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from webapp.core import discovery
from webapp.core.context import Context
from webapp.core.contract import Facts, Notification
from webapp.core.words import new_id
from webapp.features.notifications import queries
from webapp.features.notifications.domain.channels import DASHBOARD
from webapp.features.notifications.domain.wording import PARAGRAPH, of_payload, worded
from webapp.features.notifications.messages import Event, Notice
from webapp.features.notifications.models import MerchantNotice
from webapp.features.notifications.service.wishes import read_settings


def tell_merchant(ctx: Context, told: Sequence[tuple[Notification, Event]]) -> None:
    """Add a notice for each event; those that belong together add up until they are dismissed."""
    settings = read_settings(ctx) if told else None
    for said, event in told:
        if settings and settings.wants(said.name, DASHBOARD):
            _tell(ctx, said, event)


def _tell(ctx: Context, said: Notification, event: Event) -> None:
    facts = of_payload(said, event.payload)
    store_id = event.payload.get("store_id")
    if store_id:
        facts["shop"] = queries.places(ctx)[str(store_id)].merchant_name
    gathered = f"{ctx.wall.date()}:{facts.get(said.gathered_by, '')}"
    table = MerchantNotice
    new = insert(table).values(
        merchant_id=ctx.merchant_id,
        notice_id=new_id("not_"),
        name=said.name,
        key=gathered if said.gathered_by else event.key,
        facts=facts,
        happened_at=ctx.wall,
    )
    counted = case((table.dismissed_at.is_(None), table.events + 1), else_=1)
    again = {
        "events": counted,
        "facts": new.excluded.facts,
        "happened_at": new.excluded.happened_at,
        "dismissed_at": None,
    }
    key = ["merchant_id", "name", "key"]
    ctx.db.execute(new.on_conflict_do_update(index_elements=key, set_=again))


def open_notices(ctx: Context, most: int) -> tuple[Sequence[Notice], int]:
    """The newest notices that nobody has dismissed, in the reader's language, and how many more
    there are."""
    table, known = MerchantNotice, discovery.notifications()
    waiting = (
        table.merchant_id == ctx.merchant_id,
        table.dismissed_at.is_(None),
        table.name.in_(known),
    )
    newest = select(table).where(*waiting).order_by(table.happened_at.desc(), table.notice_id)
    shown = [_notice(ctx, row, known[row.name]) for row in ctx.db.scalars(newest.limit(most))]
    total = ctx.db.scalar(select(func.count()).select_from(table).where(*waiting)) or 0
    return shown, total - len(shown)


def _notice(ctx: Context, row: MerchantNotice, said: Notification) -> Notice:
    facts: Facts = {**row.facts, "events": row.events}
    words = worded(said, ctx.locale, facts)
    page = said.page if said.page in discovery.pages() else ""
    return Notice(
        row.notice_id, row.happened_at, words.subject, tuple(words.body.split(PARAGRAPH)), page
    )


def dismiss_notices(ctx: Context, notice_ids: Sequence[str]) -> None:
    """Take these notices off the dashboard."""
    table = MerchantNotice
    those = (
        table.merchant_id == ctx.merchant_id,
        table.notice_id.in_(notice_ids),
        table.dismissed_at.is_(None),
    )
    ctx.db.execute(update(table).where(*those).values(dismissed_at=ctx.wall))
