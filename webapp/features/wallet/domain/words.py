"""What cards say in 22 languages, by the keys that stand in a card in the place of the words.

Wallet looks every label and value up in the file of the reader's language, whatever it is: a name
that happened to be a key would be translated. Hence the keys' own beginning. Source: Apple, Wallet
Developer Guide, "Pass Design and Creation".
"""

from collections.abc import Iterable, Mapping, Sequence

from webapp.core import i18n
from webapp.core.i18n import N_
from webapp.core.programme import Named

POINTS = N_("wallet.card.points", "Points")
TIER = N_("wallet.card.tier", "Tier")
NEXT = N_("wallet.card.next", "Next reward")
MISSING = N_("wallet.card.missing", "Points to go")
SINCE = N_("wallet.card.since", "Member since")
INVITE = N_("wallet.card.invite", "Bring a friend")
HOW = N_("wallet.card.how", "Let a friend scan the code on this card, or send them this link.")
SHOP = N_("wallet.card.shop", "Shop")
TERMS = N_("wallet.card.terms", "Terms")
TITLE = N_("wallet.card.title", "Loyalty card of %(shop)s")
POINTS_CHANGED = N_("wallet.card.points_changed", "Your points: %(points)s")
TIER_CHANGED = N_("wallet.card.tier_changed", "Your tier: %(tier)s")
VOID = N_("wallet.card.void", "This card is no longer valid.")
# What Wallet puts the new value of a field in the place of.
NEW_VALUE = "%@"
_PLAIN = {
    "ln.points": POINTS,
    "ln.tier": TIER,
    "ln.next": NEXT,
    "ln.missing": MISSING,
    "ln.since": SINCE,
    "ln.invite": INVITE,
    "ln.how": HOW,
    "ln.shop": SHOP,
    "ln.terms": TERMS,
    "ln.void": VOID,
}


def tier_key(tier_id: str) -> str:
    """The key of a tier's name."""
    return f"ln.tier.{tier_id}"


def reward_key(reward_id: str) -> str:
    """The key of a reward's name."""
    return f"ln.reward.{reward_id}"


def strings(
    locale: str,
    shop: str,
    tiers: Iterable[Named],
    rewards: Iterable[Named],
    terms: Mapping[str, str],
) -> dict[str, str]:
    """Key -> what a card says in that language."""
    said = {key: i18n.text(locale, *text) for key, text in _PLAIN.items()}
    said["ln.title"] = i18n.text(locale, *TITLE, shop=shop)
    said["ln.points.changed"] = i18n.text(locale, *POINTS_CHANGED, points=NEW_VALUE)
    said["ln.tier.changed"] = i18n.text(locale, *TIER_CHANGED, tier=NEW_VALUE)
    said["ln.terms.text"] = terms.get(locale) or next(iter(in_order(terms).values()), "")
    said |= {tier_key(one.id): one.name(locale) for one in tiers}
    said |= {reward_key(one.id): one.name(locale) for one in rewards}
    return said


def in_order(texts: Mapping[str, str]) -> dict[str, str]:
    """A merchant's own texts, English first, then in the order of the languages: whoever reads none
    of them gets the first."""
    return {tag: texts[tag] for tag in i18n.LOCALES if tag in texts}


def strings_file(said: Mapping[str, str]) -> bytes:
    """A `pass.strings`: UTF-8 without a byte order mark, which every reader takes."""
    lines = (f'"{_escaped(key)}" = "{_escaped(value)}";\n' for key, value in said.items())
    return "".join(lines).encode()


def folder(locale: str) -> str:
    """Where Wallet looks for a language: Chinese is named by its script there."""
    return f"{'zh-Hans' if locale == 'zh-CN' else locale}.lproj"


def language_files(
    shop: str, tiers: Sequence[Named], rewards: Sequence[Named], terms: Mapping[str, str]
) -> dict[str, bytes]:
    """The file of every language, by its path in the card."""
    return {
        f"{folder(tag)}/pass.strings": strings_file(strings(tag, shop, tiers, rewards, terms))
        for tag in i18n.LOCALES
    }


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
