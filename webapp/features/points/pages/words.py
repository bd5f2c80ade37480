"""What entries and links are called on the dashboard."""

from collections.abc import Mapping

from webapp.core import i18n
from webapp.core.i18n import N_
from webapp.features.points.messages import Receipt

ENTRIES = {
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
REASONS = {
    "email": N_("sharing.reason.email", "Same verified e-mail address"),
    "phone": N_("sharing.reason.phone", "Same verified telephone number"),
    "merchant": N_("sharing.reason.merchant", "Linked by hand"),
    "shopify": N_("sharing.reason.shopify", "Merged in Shopify"),
}
OCCASIONS = {
    "signup": N_("members.bonus.signup", "For joining"),
    "birthday": N_("members.bonus.birthday", "For a birthday"),
}


def explained(locale: str, receipt: Receipt) -> str:
    """Why an entry was made, beside its kind: a person's words, or what a bonus was for."""
    words = OCCASIONS.get((receipt.reason or "").partition(":")[0])
    if receipt.type == "bonus" and words:
        return i18n.text(locale, *words)
    return receipt.reason or ""


def reasons(locale: str) -> Mapping[str, str]:
    """Why members were linked, in words."""
    return {reason: i18n.text(locale, *words) for reason, words in REASONS.items()}
