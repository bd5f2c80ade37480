"""Sets the cards of a push in a shop, however many calls that takes.

A call sets the metafields of a few customers, all or none. Customers that it names as refused are
left out of the next one; a refusal that names nobody is halved until one stands alone.

Of two pushes for one customer the newer one stays, also when the older one's sender froze and wakes
up after its lease: `card_version` is only set while it has the digest that was known when the push
was prepared. When it has another one the number in it decides: a smaller one than ours is an older
push of our own whose answer was lost, and is written over under its digest; a greater one stays.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace

from webapp.features.points.messages import Card, CardPush, CardsPushed
from webapp.features.points.service import CARD_VERSION, CARDS_A_CALL, metafields_of
from webapp.gateways.calling import GatewayError
from webapp.gateways.shopify_cards import STALE, CardRead, CardsSet, CardWrite, ShopCards

# No call begins later, so that a send has ended before its lease does: it starts in the first three
# seconds of fifteen, and the last call takes six at the most. What is left is asked for anew.
SECONDS = 5.0
MOST_READS = 3

Group = tuple[Card, ...]


class Pushing:
    """One push on its way. What is done counts even if a later call fails."""

    def __init__(self, shop: ShopCards, push: CardPush) -> None:
        self._shop = shop
        self._shown: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._passed: dict[str, str] = {}
        self._reads: Counter[str] = Counter()
        self._groups: deque[Group] = deque(groups(push.cards))

    def run(self) -> CardsPushed:
        """Set what can be set in the time there is. Raises GatewayError when nothing was done."""
        end, after = time.monotonic() + SECONDS, 0.0
        while self._groups and time.monotonic() < end:
            group = self._groups.popleft()
            try:
                self._set(group)
            except GatewayError as error:
                if not (self._shown or self._refused or self._passed):
                    raise
                after = error.after or 0.0
                break
        return CardsPushed(self._shown, self._refused, self._passed, after)

    def _set(self, group: Group) -> None:
        answer = self._shop.set([write(card) for card in group])
        if answer.digests:
            self._shown.update(answer.digests)
        elif answer.refused:
            self._sort(group, answer)
        elif len(group) == 1:
            self._refused[group[0].external_id] = answer.reason
        else:
            middle = len(group) // 2
            self._groups.extendleft((group[middle:], group[:middle]))

    def _sort(self, group: Group, answer: CardsSet) -> None:
        """Part those that were named from the others, which are tried once more."""
        stale = []
        for card in group:
            code, message = answer.refused.get(card.external_id, ("", ""))
            if code == STALE:
                stale.append(card)
            elif card.external_id in answer.refused:
                self._refused[card.external_id] = message or code
        rest = tuple(card for card in group if card.external_id not in answer.refused)
        again = tuple(self._decide(stale))
        if rest or again:
            self._groups.appendleft((*rest, *again))

    def _decide(self, stale: list[Card]) -> Iterable[Card]:
        """Of cards that met another state than expected, those to be set over it, under its digest.
        One that is met again and again is left to somebody else."""
        patient = [card for card in stale if self._reads[card.external_id] < MOST_READS]
        self._reads.update(card.external_id for card in patient)
        found = self._shop.read([card.external_id for card in patient]) if patient else {}
        for card in patient:
            there = found.get(card.external_id, CardRead({}, {}))
            digest = there.digests.get(CARD_VERSION)
            if digest is not None and number(there) >= card.number:
                self._passed[card.external_id] = digest
            else:
                yield replace(card, digest=digest)


def groups(cards: Group) -> Iterable[Group]:
    """The cards of each call."""
    return (cards[at : at + CARDS_A_CALL] for at in range(0, len(cards), CARDS_A_CALL))


def write(card: Card) -> CardWrite:
    """The metafields of a card with its number."""
    fields = {**metafields_of(card), CARD_VERSION: ("number_integer", str(card.number))}
    return CardWrite(card.external_id, fields, CARD_VERSION, card.digest)


def number(there: CardRead) -> int:
    """The number of the push that wrote what is there; 0 for what is no number."""
    value = there.values.get(CARD_VERSION, "")
    return int(value) if value.isascii() and value.isdigit() else 0
