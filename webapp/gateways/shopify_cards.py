"""A shop's metafields of customers: setting those of several customers at once, and reading them.

Source: shopify.dev, GraphQL Admin API 2026-10. `metafieldsSet` takes at most 25 metafields and is
all or nothing; `elementIndex` of a user error names the one that is refused. With `compareDigest` a
metafield is only set while it still has that digest, and with null only while there is none:
whoever comes too late is told STALE_OBJECT, and the whole call does nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.gateways.calling import redacted
from webapp.gateways.shopify_admin import SET_METAFIELDS, ShopifyAdmin

MOST_METAFIELDS = 25
MOST_NODES = 50
STALE = "STALE_OBJECT"

READ_CARDS = """
query ReadCards($ids: [ID!]!, $namespace: String!) {
  nodes(ids: $ids) {
    ... on Customer {
      id
      metafields(first: 10, namespace: $namespace) { nodes { key value compareDigest } }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class CardWrite:
    """The metafields of one customer: key -> (type, value). The one called `guard` is only set
    while it has `digest`, or while there is none of it yet."""

    customer: str
    fields: Mapping[str, tuple[str, str]]
    guard: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class CardsSet:
    """What became of one call. Either everything was set, and `digests` has the new digest of each
    customer's guard; or nothing was, because of the customers in `refused` (code, message), or for
    a `reason` that names nobody."""

    digests: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CardRead:
    """What a customer's metafields are: key -> value, and key -> digest."""

    values: Mapping[str, str]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShopCards:
    """The metafields that one shop's customers have in one namespace."""

    admin: ShopifyAdmin
    shop_domain: str
    access_token: str
    namespace: str

    def set(self, writes: Sequence[CardWrite]) -> CardsSet:
        """Set the metafields of all these customers, or of none. Raises GatewayError."""
        given = [(write, key) for write in writes for key in write.fields]
        variables = {"metafields": [self._input(write, key) for write, key in given]}
        payload = self._ask(SET_METAFIELDS, variables)["metafieldsSet"]
        errors = payload.get("userErrors") or ()
        if not errors:
            return CardsSet(digests=_digests(payload["metafields"], writes))
        refused: dict[str, tuple[str, str]] = {}
        for error in errors:
            place = _place(error)
            if place is not None and place < len(given):
                said = str(error.get("code") or ""), redacted(str(error.get("message") or ""))
                refused.setdefault(given[place][0].customer, said)
        return CardsSet(refused=refused, reason=redacted(str(errors[0].get("message") or "")))

    def read(self, customers: Iterable[str]) -> Mapping[str, CardRead]:
        """What these customers, at most MOST_NODES, have; those that the shop does not know are
        left out. Raises GatewayError."""
        ids = [_gid(customer) for customer in customers]
        nodes = self._ask(READ_CARDS, {"ids": ids, "namespace": self.namespace})["nodes"]
        found = {}
        for node in nodes:
            if node and node.get("id"):
                fields = node["metafields"]["nodes"]
                found[_number(node["id"])] = CardRead(
                    {one["key"]: one["value"] for one in fields},
                    {one["key"]: one["compareDigest"] for one in fields},
                )
        return found

    def _ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return self.admin.ask(self.shop_domain, self.access_token, document, variables)

    def _input(self, write: CardWrite, key: str) -> dict[str, str | None]:
        value_type, value = write.fields[key]
        entry: dict[str, str | None] = {
            "ownerId": _gid(write.customer),
            "namespace": self.namespace,
            "key": key,
            "type": value_type,
            "value": value,
        }
        if key == write.guard:
            entry["compareDigest"] = write.digest
        return entry


def _digests(fields: Sequence[Mapping[str, Any]], writes: Sequence[CardWrite]) -> dict[str, str]:
    guards = {write.customer: write.guard for write in writes}
    found = {}
    for one in fields:
        customer = _number(one["owner"]["id"])
        if guards.get(customer) == one["key"]:
            found[customer] = str(one["compareDigest"])
    return found


def _place(error: Mapping[str, Any]) -> int | None:
    """Which of the given metafields an error is about; None when it does not say."""
    index = error.get("elementIndex")
    if isinstance(index, int):
        return index
    path = [str(part) for part in error.get("field") or ()]
    return int(path[1]) if len(path) > 1 and path[1].isdigit() else None


def _gid(customer: str) -> str:
    return f"gid://shopify/Customer/{customer}"


def _number(gid: str) -> str:
    return gid.rpartition("/")[2]
