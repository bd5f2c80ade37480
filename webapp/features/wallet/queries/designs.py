"""What a merchant's cards look like."""

from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.messages import decode
from webapp.features.wallet.messages import Design


@dataclass(frozen=True, slots=True)
class Designed:
    """A design and its version, 0 for our own. `logo` and `strip` are the versions that the
    pictures in use came with; 0 where there is none."""

    version: int
    design: Design
    logo: int = 0
    strip: int = 0

    def has_picture(self, name: str) -> bool:
        return bool(self.logo if name == "logo" else self.strip)


def designed(ctx: Context) -> Designed:
    """The newest design."""
    row = ctx.db.execute(_NEWEST, {"merchant_id": ctx.merchant_id}).one_or_none()
    if row is None:
        return Designed(0, Design())
    return Designed(row.version, decode(Design, row.design), row.logo or 0, row.strip or 0)


def picture(ctx: Context, name: str, version: int) -> bytes | None:
    """The PNG of a picture that came with that version."""
    values = {"merchant_id": ctx.merchant_id, "name": name, "version": version}
    found: bytes | None = ctx.db.scalar(_PICTURE, values)
    return found


_NEWEST = text(
    """
    with pictures as (
        select distinct on (name) name, case when png is not null then version end as version
        from wallet_images where merchant_id = :merchant_id
        order by name, version desc
    )
    select d.version, d.design,
        (select version from pictures where name = 'logo') as logo,
        (select version from pictures where name = 'strip') as strip
    from wallet_designs d
    where d.merchant_id = :merchant_id
    order by d.version desc limit 1
    """
)
_PICTURE = text(
    """
    select png from wallet_images
    where merchant_id = :merchant_id and name = :name and version = :version
    """
)
