"""What shoppers may ask about bringing friends."""

from webapp.core.contract import UseCase
from webapp.core.i18n import N_
from webapp.core.refusals import REFERRALS_OFF
from webapp.features.points import service
from webapp.features.points.messages.referrals import (
    ClaimReferral,
    CreateReferralLink,
    ReferralClaimed,
    ReferralLinkCreated,
)

USE_CASES = (
    UseCase(
        name="create_referral_link",
        permission="customer:frontend",
        proxy="create_referral_link",
        message=CreateReferralLink,
        result=ReferralLinkCreated,
        run=service.create_referral_link,
        summary="Give a member the link that brings friends",
        detail="The link is made once; asked again, the answer is the same code.",
        said=N_("referrals.link_created", "This is your link. Share it with your friends!"),
        errors=(REFERRALS_OFF,),
    ),
    UseCase(
        name="claim_referral",
        permission="customer:frontend",
        proxy="claim_referral",
        guests=True,
        message=ClaimReferral,
        result=ReferralClaimed,
        run=service.claim_referral,
        summary="Accept a member's invitation",
        detail="A customer who is signed in claims for themselves, a guest gives an e-mail "
        "address. A refusal is an answer too: `state` is then `refused`, and `message` says why in "
        "the shopper's language.",
    ),
)
