"""The shared leaderboard as a shop knows it: the tag of the first ten, and their metafields.

Source: shopify.dev, GraphQL Admin API 2026-10, `customers(query: "tag:...")`, `tagsAdd`,
`tagsRemove`. The search follows a change of tags within seconds, not at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.gateways.shopify_admin import ShopifyAdmin

# More are tagged only after something went wrong; the rest is found the next time.
MOST_PAGES = 5
READ_BOARD = """
query GetSharedLeaderboard($query: String!, $namespace: String!, $after: String) {
  customers(first: 10, query: $query, after: $after) {
    nodes {
      id
      score: metafield(namespace: $namespace, key: "leaderboard_score") { value }
      member: metafield(namespace: $namespace, key: "shared_customer_id") { value }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A customer with the tag, and what the shop shows of them; empty for what is not there."""

    score: str
    shared_customer_id: str


@dataclass(frozen=True, slots=True)
class ShopBoard:
    """The customers of one shop who have, or are to have, one tag."""

    admin: ShopifyAdmin
    shop_domain: str
    access_token: str
    namespace: str
    tag: str

    def read(self) -> Mapping[str, Tagged]:
        """Who has the tag, by the shop's customer id. Raises GatewayError."""
        found: dict[str, Tagged] = {}
        variables = {"query": f"tag:'{self.tag}'", "namespace": self.namespace, "after": None}
        for _ in range(MOST_PAGES):
            page = self._ask(READ_BOARD, variables)["customers"]
            for node in page["nodes"]:
                values = Tagged(
                    *((node[key] or {}).get("value", "") for key in ("score", "member"))
                )
                found[str(node["id"]).rpartition("/")[2]] = values
            if not page["pageInfo"]["hasNextPage"]:
                break
            variables = {**variables, "after": page["pageInfo"]["endCursor"]}
        return found

    def change(self, add: Sequence[str], remove: Sequence[str]) -> frozenset[str]:
        """Give the tag to some customers and take it from others, in one call; those whom the shop
        refuses. Raises GatewayError."""
        wanted = [("tagsAdd", one) for one in add] + [("tagsRemove", one) for one in remove]
        if not wanted:
            return frozenset()
        ids = {f"id{n}": f"gid://shopify/Customer/{one}" for n, (_, one) in enumerate(wanted)}
        answer = self._ask(document([name for name, _ in wanted]), {"tags": [self.tag], **ids})
        return frozenset(
            one for n, (_, one) in enumerate(wanted) if answer[f"change{n}"]["userErrors"]
        )

    def _ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return self.admin.ask(self.shop_domain, self.access_token, document, variables)


def document(mutations: Sequence[str]) -> str:
    """One mutation that calls each of these with the same tags, for `$id0`, `$id1`, ..."""
    ids = "".join(f", $id{n}: ID!" for n in range(len(mutations)))
    calls = "".join(
        f"  change{n}: {name}(id: $id{n}, tags: $tags) {{ userErrors {{ message }} }}\n"
        for n, name in enumerate(mutations)
    )
    return f"mutation TagSharedLeaderboard($tags: [String!]!{ids}) {{\n{calls}}}\n"
