"""Use cases of points. None of them commits."""

from webapp.features.points.service.awards import award_orders
from webapp.features.points.service.codes import (
    bury_code,
    bury_end,
    prepare_code,
    prepare_end,
    record_code,
    record_end,
)
from webapp.features.points.service.ledger import (
    Credit,
    Debit,
    Holder,
    changed,
    credit,
    debit,
    give_back,
    lock_member,
    lock_members,
    void,
)
from webapp.features.points.service.pushes import (
    CARD_VERSION,
    CARDS_A_CALL,
    metafields_of,
    prepare_push,
    record_push,
)
from webapp.features.points.service.redemptions import cancel_redemption, redeem
from webapp.features.points.service.refunds import take_back_cancelled, take_back_refunds
from webapp.features.points.service.rewards import begin_catalogue, pause_reward, save_reward
from webapp.features.points.service.sync import sync_points
from webapp.features.points.service.uses import expire_codes, record_uses, remind_of_codes

__all__ = [
    "CARDS_A_CALL",
    "CARD_VERSION",
    "Credit",
    "Debit",
    "Holder",
    "award_orders",
    "begin_catalogue",
    "bury_code",
    "bury_end",
    "cancel_redemption",
    "changed",
    "credit",
    "debit",
    "expire_codes",
    "give_back",
    "lock_member",
    "lock_members",
    "metafields_of",
    "pause_reward",
    "prepare_code",
    "prepare_end",
    "prepare_push",
    "record_code",
    "record_end",
    "record_push",
    "record_uses",
    "redeem",
    "remind_of_codes",
    "save_reward",
    "sync_points",
    "take_back_cancelled",
    "take_back_refunds",
    "void",
]
