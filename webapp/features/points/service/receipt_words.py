"""Lines of a member's history in words: what each is, and why it is so many points."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.i18n import N_
from webapp.core.words import currency_exponent
from webapp.features.points.domain.earning import whole_terms
from webapp.features.points.messages import Receipt

# What a line is called when nothing more is known about it.
LABELS = {
    "earn": N_("points_display.entry.earn", "Order"),
    "bonus": N_("points_display.entry.bonus", "Bonus"),
    "redeem": N_("points_display.entry.redeem", "Reward"),
    "redeem_reversal": N_("points_display.entry.redeem_reversal", "Reward returned"),
    "clawback": N_("points_display.entry.clawback", "Refund"),
    "expire": N_("points_display.entry.expire", "Expired"),
    "adjust": N_("points_display.entry.adjust", "Correction"),
    "transfer": N_("points_display.entry.transfer", "Transfer"),
    "import": N_("points_display.entry.import", "Brought over"),
}
ORDER_AT = N_("points_display.entry.order_at", "Order at %(shop)s")
REFUND_OF = N_("points_display.entry.refund_of", "Refund of your order of %(day)s at %(shop)s")
REWARD = N_("points_display.entry.reward", "Reward: %(name)s")
RETURNED = N_("points_display.entry.returned", "Reward returned: %(name)s")
BONUSES = {
    "signup": N_("points_display.entry.signup", "Bonus for signing up"),
    "birthday": N_("points_display.entry.birthday", "Bonus for your birthday"),
    "referral": N_("points_display.entry.referral", "Bonus for bringing a friend"),
}
COUNTED = N_("points_display.why.counted", "Counted: %(amount)s")
VERSION = N_("points_display.why.version", "Rules version %(version)s")
FROM = N_("points_display.why.from", "Can be spent from %(day)s")
UNTIL = N_("points_display.why.until", "Can be spent until %(day)s")
NO_END = N_("points_display.why.no_end", "Never expires")


@dataclass(frozen=True, slots=True)
class Explained:
    """One line of the history as its reader sees it. `why` are short sentences."""

    entry_id: int
    day: date
    label: str
    points: int
    why: tuple[str, ...]


def explain(ctx: Context, receipt: Receipt) -> Explained:
    """A line in the language of the context."""
    why = tuple(_why(ctx.locale, receipt))
    label = _label(ctx.locale, receipt)
    return Explained(receipt.entry_id, receipt.day, label, receipt.points, why)


def _label(locale: str, receipt: Receipt) -> str:
    shop = receipt.store_name
    if receipt.type == "earn":
        return i18n.text(locale, *ORDER_AT, shop=shop)
    if receipt.type == "clawback" and receipt.ordered_on:
        day = i18n.day(locale, receipt.ordered_on)
        return i18n.text(locale, *REFUND_OF, day=day, shop=shop)
    if receipt.reward and receipt.type in ("redeem", "redeem_reversal"):
        words = REWARD if receipt.type == "redeem" else RETURNED
        return i18n.text(locale, *words, name=receipt.reward)
    occasion = (receipt.reason or "").partition(":")[0]
    known = BONUSES.get(occasion) if receipt.type == "bonus" else None
    return i18n.text(locale, *(known or LABELS[receipt.type]))


def _why(locale: str, receipt: Receipt) -> Iterator[str]:
    yield from basis_in_words(locale, receipt)
    if receipt.type == "adjust" and receipt.reason:
        yield receipt.reason
    if receipt.points > 0 and receipt.type != "redeem_reversal":
        if receipt.first_day and receipt.first_day > receipt.day:
            yield i18n.text(locale, *FROM, day=i18n.day(locale, receipt.first_day))
        if receipt.last_day:
            yield i18n.text(locale, *UNTIL, day=i18n.day(locale, receipt.last_day))
        else:
            yield i18n.text(locale, *NO_END)


def basis_in_words(locale: str, receipt: Receipt) -> Iterator[str]:
    """What an order's points were counted on, at which rate, by which rules."""
    if receipt.type == "earn" and receipt.currency:
        amount = i18n.money(locale, receipt.basis_minor, receipt.currency)
        yield i18n.text(locale, *COUNTED, amount=amount)
        if receipt.rate is not None:
            yield rate_in_words(locale, receipt.rate, receipt.currency)
        yield i18n.text(locale, *VERSION, version=i18n.number(locale, receipt.rule_version))


def rate_in_words(locale: str, rate: Decimal, currency: str) -> str:
    """What a rate gives, in whole points: `125 points for each €100.00`."""
    units, points = whole_terms(rate)
    minor = units * 10 ** currency_exponent(currency)
    return i18n.plural(
        locale,
        "points_display.why.rate",
        "%(num)s point for each %(unit)s",
        "%(num)s points for each %(unit)s",
        points,
        unit=i18n.money(locale, minor, currency),
    )
