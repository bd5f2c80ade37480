"""The catalogue of rewards, and what members have redeemed."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.i18n import LOCALES
from webapp.core.schema import Base, Timestamp

KINDS = ("amount_off", "percentage", "free_shipping", "free_product")
STATES = ("preparing", "ready", "used", "cancelling", "returned", "expired", "failed")
_LOCALES = f"array[{', '.join(repr(tag) for tag in LOCALES)}]"


class Reward(Base):
    """What members may have for their points.

    `amounts` (what is taken off) and `minimums` (of the goods in the cart) hold minor units by
    currency; a store whose currency is not among the amounts does not offer the reward. `product`
    is the GID of what is free. `stores` are our ids, NULL is all; `stock` NULL is without end.
    `names` hold at least the `default_locale`, which speaks for the languages that are missing. A
    code can be used for `valid_days`, and then its points return or are kept. `position` orders.
    """

    __tablename__ = "rewards"
    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint(
            "(kind <> 'amount_off' or amounts <> '{}') "
            "and (kind <> 'percentage' or percent is not null) "
            "and (kind <> 'free_product' or product is not null)",
            name="value",
        ),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("percent between 1 and 100", name="percent"),
        CheckConstraint(
            "product ~ '^gid://shopify/Product(Variant)?/[0-9]{1,19}$'", name="product"
        ),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint(f"names ? default_locale and names - {_LOCALES} = '{{}}'", name="names"),
        CheckConstraint(f"descriptions - {_LOCALES} = '{{}}'", name="descriptions"),
        CheckConstraint("valid_days between 1 and 3660", name="valid_days"),
        CheckConstraint("return_on_expiry in ('return', 'keep')", name="return_on_expiry"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    reward_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(BigInteger)
    amounts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    percent: Mapped[int | None] = mapped_column(SmallInteger)
    product: Mapped[str | None] = mapped_column(Text)
    minimums: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    stores: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    stock: Mapped[int | None] = mapped_column(Integer)
    default_locale: Mapped[str] = mapped_column(Text)
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    descriptions: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    valid_days: Mapped[int] = mapped_column(Integer)
    return_on_expiry: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Redemption(Base):
    """A reward that was had for points, and its discount code at the store where it was.

    `customer_id` is the home of the store customer `external_id`, to whom the code is bound, and
    `member_id` who that was then: it is shown to whoever that home belongs to today. `terms` is the
    reward as it was (`domain.rewards.Terms`). The code is chosen before it is sent, so that a shop
    that knows it already has it from us. `returned` says that the points went back, `reason` why a
    redemption failed or a code could not be given back; `order_key` is the
    external id of the order that used the code. `redeemed_at` and `expires_at` are business time,
    `changed_at` the business time of the newest state.

    preparing -> ready | failed; ready -> used | cancelling | expired; cancelling -> returned | used
    | ready; returned, expired, failed -> used, when an order with the code arrives all the same.
    """

    __tablename__ = "redemptions"
    __table_args__ = (
        UniqueConstraint("merchant_id", "idempotency_key", name="uq_redemptions_merchant_id"),
        UniqueConstraint("merchant_id", "store_id", "code", name="uq_redemptions_code"),
        ForeignKeyConstraint(
            ["merchant_id", "reward_id"], ["rewards.merchant_id", "rewards.reward_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "member_id"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_redemptions_member",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint(f"state in {STATES}", name="state"),
        Index(None, "merchant_id", "customer_id"),
        Index(
            "idx_redemptions_expires_at",
            "merchant_id",
            "expires_at",
            postgresql_where=text("state = 'ready'"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    redemption_id: Mapped[str] = mapped_column(Text, primary_key=True)
    reward_id: Mapped[str] = mapped_column(Text)
    member_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str] = mapped_column(Text)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    returned: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reason: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    discount_id: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
    order_key: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(Text)
    redeemed_at: Mapped[datetime] = mapped_column(Timestamp)
    changed_at: Mapped[datetime] = mapped_column(Timestamp)
