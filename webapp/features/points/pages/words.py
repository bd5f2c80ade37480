"""Why entries were made and members linked, as the dashboard says it."""

from collections.abc import Mapping

from webapp.core import i18n
from webapp.core.i18n import N_
from webapp.features.points.messages import Receipt
from webapp.features.points.service.receipt_words import BONUSES, basis_in_words

REASONS = {
    "email": N_("sharing.reason.email", "Same verified e-mail address"),
    "phone": N_("sharing.reason.phone", "Same verified telephone number"),
    "merchant": N_("sharing.reason.merchant", "Linked by hand"),
    "shopify": N_("sharing.reason.shopify", "Merged in Shopify"),
}


def explained(locale: str, receipt: Receipt) -> str:
    """Why an entry was made, beside its kind: what an order counted, a person's words, or what a
    bonus was for."""
    if basis := " · ".join(basis_in_words(locale, receipt)):
        return basis
    words = BONUSES.get((receipt.reason or "").partition(":")[0])
    if receipt.type == "bonus" and words:
        return i18n.text(locale, *words)
    return receipt.reason or ""


def reasons(locale: str) -> Mapping[str, str]:
    """Why members were linked, in words."""
    return {reason: i18n.text(locale, *words) for reason, words in REASONS.items()}
