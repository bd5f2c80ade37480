"""Use cases of points. None of them commits."""

from webapp.features.points.service.awards import award_orders
from webapp.features.points.service.cards import cycle_of
from webapp.features.points.service.codes import (
    bury_code,
    bury_end,
    prepare_code,
    prepare_end,
    record_code,
    record_end,
)
from webapp.features.points.service.expiry import ask_to_settle, settle_members
from webapp.features.points.service.leaderboard import (
    begin_cycle,
    prepare_board,
    record_board,
    share_boards,
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
from webapp.features.points.service.programme_facts import PROGRAMME
from webapp.features.points.service.pushes import (
    CARD_VERSION,
    CARDS_A_CALL,
    metafields_of,
    prepare_push,
    record_push,
)
from webapp.features.points.service.readings import judge
from webapp.features.points.service.reconciliation import (
    ASKED,
    NIGHTLY,
    ask_check,
    begin_run,
    chunked,
    gather,
    give_up_reading,
    prepare_read_back,
)
from webapp.features.points.service.redemptions import cancel_redemption, redeem
from webapp.features.points.service.referral_claims import claim_referral
from webapp.features.points.service.referral_codes import (
    bury_friend_code,
    prepare_friend_code,
    record_friend_code,
)
from webapp.features.points.service.referral_decisions import forget_friends, review_claim
from webapp.features.points.service.referral_landing import landing
from webapp.features.points.service.referral_orders import count_referred_orders
from webapp.features.points.service.referral_rewards import (
    refunded_orders,
    settle_rewards,
    take_turns,
)
from webapp.features.points.service.referral_settings import (
    has_referral_programme,
    read_referral_programme,
    save_referral_programme,
    start_referral_programme,
)
from webapp.features.points.service.referrals import (
    code_of,
    count_click,
    create_referral_link,
    forget_clicks,
    invitation,
)
from webapp.features.points.service.refunds import take_back_cancelled, take_back_refunds
from webapp.features.points.service.reshowing import ask_all, push_next
from webapp.features.points.service.rewards import begin_catalogue, pause_reward, save_reward
from webapp.features.points.service.shared_news import tell_shared
from webapp.features.points.service.sync import sync_points
from webapp.features.points.service.uses import (
    expire_codes,
    record_uses,
    remind_of_codes,
    return_uses,
)

__all__ = [
    "ASKED",
    "CARDS_A_CALL",
    "CARD_VERSION",
    "NIGHTLY",
    "PROGRAMME",
    "Credit",
    "Debit",
    "Holder",
    "ask_all",
    "ask_check",
    "ask_to_settle",
    "award_orders",
    "begin_catalogue",
    "begin_cycle",
    "begin_run",
    "bury_code",
    "bury_end",
    "bury_friend_code",
    "cancel_redemption",
    "changed",
    "chunked",
    "claim_referral",
    "code_of",
    "count_click",
    "count_referred_orders",
    "create_referral_link",
    "credit",
    "cycle_of",
    "debit",
    "expire_codes",
    "forget_clicks",
    "forget_friends",
    "gather",
    "give_back",
    "give_up_reading",
    "grant_due_rewards",
    "has_referral_programme",
    "invitation",
    "judge",
    "landing",
    "lock_member",
    "lock_members",
    "metafields_of",
    "pause_reward",
    "prepare_board",
    "prepare_code",
    "prepare_end",
    "prepare_friend_code",
    "prepare_push",
    "prepare_read_back",
    "push_next",
    "read_referral_programme",
    "record_board",
    "record_code",
    "record_end",
    "record_friend_code",
    "record_push",
    "record_uses",
    "redeem",
    "refunded_orders",
    "remind_of_codes",
    "return_uses",
    "review_claim",
    "save_referral_programme",
    "save_reward",
    "settle_members",
    "settle_rewards",
    "share_boards",
    "start_referral_programme",
    "sync_points",
    "take_back_cancelled",
    "take_back_refunds",
    "take_turns",
    "tell_shared",
    "void",
]
