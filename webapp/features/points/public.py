"""Pages of points inside the shops' themes."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core.context import Context
from webapp.core.contract import ProxyPage, Visitor
from webapp.features.points import service


def load_invitation(
    ctx: Context, visitor: Visitor, name: str, given: Mapping[str, str]
) -> Mapping[str, Any]:
    """The page behind a member's link."""
    return asdict(service.landing(ctx, visitor, name, given.get("claim", "")))


PROXY_PAGES = (
    ProxyPage(
        path="r",
        load=load_invitation,
        template="invitation.html",
        action="claim_referral",
        named="code",
        seen=service.count_click,
    ),
)
