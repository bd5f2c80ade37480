"""The part of the rewards panel by which a member brings friends."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from webapp.core.context import Context
from webapp.core.contract import Visitor
from webapp.features.points import service

TEMPLATE = "points/widgets/rewards_panel/invite.html"


def load(ctx: Context, visitor: Visitor) -> Mapping[str, Any] | None:
    """The member's link and what came of it; None where friends bring nothing. One link is made
    once, so every click on its button is the same call."""
    shown = service.invitation(ctx, visitor)
    if shown is None:
        return None
    said = f"referral link:{visitor.customer_id}"
    return {**asdict(shown), "key": hashlib.sha256(said.encode()).hexdigest()[:32]}
