"""Changes what a merchant's cards look like."""

import json
from collections.abc import Mapping

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.messages import encode
from webapp.features.wallet.domain.images import taken
from webapp.features.wallet.messages import Design
from webapp.features.wallet.queries.designs import designed
from webapp.features.wallet.service.google import ask_for_class

WALLET_DESIGN_SAVED = "wallet_design_saved"
PICTURES = ("logo", "strip")


def save_design(ctx: Context, design: Design, pictures: Mapping[str, bytes | None]) -> int:
    """Make this the design of all cards, also of those that are on telephones; its version. Of
    `pictures` (`logo`, `strip`: an upload) None takes one away, and one that is not named stays.
    The design that is there already is no new version. Raises AppError(picture_refused)."""
    made = {name: taken(png, name) if png else None for name, png in pictures.items()}
    ctx.db.execute(_LOCK, {"merchant_id": ctx.merchant_id})
    current = designed(ctx)
    removed = {name for name, png in made.items() if png is None and not current.has_picture(name)}
    made = {name: png for name, png in made.items() if name not in removed}
    if current.version and current.design == design and not made:
        return current.version
    version = current.version + 1
    values = {
        "merchant_id": ctx.merchant_id,
        "version": version,
        "design": json.dumps(encode(design)),
        "wall": ctx.wall,
        "actor_id": ctx.actor.id,
    }
    ctx.db.execute(_SAVE, values)
    for name, png in made.items():
        ctx.db.execute(_PICTURE, {**values, "name": name, "png": png})
    ctx.audit(WALLET_DESIGN_SAVED, version=version)
    ctx.track(WALLET_DESIGN_SAVED, version=version)
    ctx.emit("wallet.reissue_due", f"design:{version}", {"after": ""})
    ask_for_class(ctx)
    return version


_LOCK = text("select pg_advisory_xact_lock(hashtext('wallet design'), hashtext(:merchant_id))")
_SAVE = text(
    """
    insert into wallet_designs (merchant_id, version, design, created_at, created_by)
    values (:merchant_id, :version, cast(:design as jsonb), :wall, :actor_id)
    """
)
_PICTURE = text(
    """
    insert into wallet_images (merchant_id, version, name, png)
    values (:merchant_id, :version, :name, :png)
    """
)
