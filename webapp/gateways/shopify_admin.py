"""The Shopify Admin API (GraphQL), as far as the product uses it.

Source: shopify.dev, GraphQL Admin API 2026-10, `metafieldsSet`: at most 25 metafields a call, and
a call is all or nothing.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import httpx

API_VERSION = "2026-10"
# A call takes six seconds at the most, however slowly its answer drips. A send
# makes two calls at the most and starts in the first three seconds of a lease of fifteen, so a slow
# answer never outlives the right to record it.
TIMEOUT = httpx.Timeout(connect=1.0, write=1.0, pool=1.0, read=1.5)
CALL_SECONDS = 6.0
MAX_ANSWER_BYTES = 1_000_000
RETRIABLE = frozenset({408, 425, 429})

SET_METAFIELDS = """
mutation UpdateCustomerPoints($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key ownerType }
    userErrors { field message code }
  }
}
"""


class GatewayError(Exception):
    """A call that failed. `final`: no retry can help; `after`: seconds to wait, if told."""

    def __init__(self, reason: str, *, final: bool = False, after: float | None = None) -> None:
        super().__init__(reason)
        self.final, self.after = final, after


@dataclass(frozen=True, slots=True)
class Metafield:
    """One metafield to set; the field names are Shopify's MetafieldsSetInput."""

    ownerId: str  # noqa: N815 - Shopify's spelling
    namespace: str
    key: str
    type: str
    value: str


class ShopifyAdmin(Protocol):
    """What the product asks of a shop's Admin API."""

    def set_metafields(
        self, shop_domain: str, access_token: str, metafields: Sequence[Metafield]
    ) -> frozenset[int]:
        """Set up to 25 metafields at once. Nothing is set when some are refused: gives back their
        positions. Raises GatewayError."""


class HttpShopifyAdmin:
    """The real client. `url` holds `{shop}`, e.g. `https://{shop}`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False)

    def set_metafields(
        self, shop_domain: str, access_token: str, metafields: Sequence[Metafield]
    ) -> frozenset[int]:
        variables = {"metafields": [asdict(field) for field in metafields]}
        data = self._call(shop_domain, access_token, SET_METAFIELDS, variables)
        errors = data["metafieldsSet"]["userErrors"]
        if not errors:
            return frozenset()
        positions = frozenset(
            int(part) for e in errors for part in (e.get("field") or ())[1:2] if part.isdigit()
        )
        if not positions:
            raise GatewayError(f"metafieldsSet: {errors[0].get('message')}", final=True)
        return positions

    def _call(
        self, shop_domain: str, access_token: str, query: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        url = f"{self._url.format(shop=shop_domain)}/admin/api/{API_VERSION}/graphql.json"
        headers = {"X-Shopify-Access-Token": access_token}
        body = {"query": query, "variables": variables}
        try:
            with self._client.stream("POST", url, headers=headers, json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise _refusal(response)
                answer = json.loads(_whole(response, time.monotonic() + CALL_SECONDS))
        except httpx.HTTPError as error:
            raise GatewayError(f"no answer: {type(error).__name__}") from error
        except ValueError as error:
            raise GatewayError("the answer is not JSON") from error
        if answer.get("errors"):
            raise _graphql_refusal(answer)
        data: dict[str, Any] = answer["data"]
        return data


def _whole(response: httpx.Response, deadline: float) -> bytes:
    """The body, as long as it is of a sane size and comes in time; raises GatewayError."""
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise GatewayError("the answer is too long or too slow")
    return body


def _refusal(response: httpx.Response) -> GatewayError:
    """The error of a status other than 200; Retry-After counts when it is a number of seconds."""
    status = response.status_code
    wait = response.headers.get("Retry-After", "")
    after = float(wait) if wait.replace(".", "", 1).isdigit() else None
    final = status < httpx.codes.INTERNAL_SERVER_ERROR and status not in RETRIABLE
    return GatewayError(f"HTTP {status}", final=final, after=after)


def _graphql_refusal(answer: Mapping[str, Any]) -> GatewayError:
    """The error of an answer with `errors`; when throttled, with the time the bucket needs."""
    first = answer["errors"][0] if isinstance(answer["errors"], list) else {}
    code = (first.get("extensions") or {}).get("code")
    if code != "THROTTLED":
        return GatewayError(f"GraphQL: {first.get('message', answer['errors'])}", final=True)
    cost = (answer.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = cost.get("requestedQueryCost", 0) - status.get("currentlyAvailable", 0)
    rate = status.get("restoreRate") or 50
    return GatewayError("throttled", after=max(0.1, missing / rate))
