"""What programs may ask of cards."""

from webapp.core.contract import Example, UseCase
from webapp.core.errors import CUSTOMER_AMBIGUOUS, CUSTOMER_NOT_FOUND
from webapp.features.wallet import service
from webapp.features.wallet.domain.failures import WALLET_UNAVAILABLE
from webapp.features.wallet.messages import ExportToWallet, WalletExported

USE_CASES = (
    UseCase(
        name="export_to_wallet",
        permission="customer:frontend",
        rest="POST /v1/api/wallet/export",
        grpc="frontend.v1.FrontendService/ExportToWallet",
        message=ExportToWallet,
        result=WalletExported,
        run=service.export_to_wallet,
        failed=service.note_failure,
        again=service.export_again,
        summary="Export a member's card to Apple Wallet or Google Wallet",
        detail="The address is for the member's own browser and holds for ten minutes: on an Apple "
        "device it opens the card, for Google it leads to Google's page that saves it. A card "
        "shows points, tier and next reward in the language of the device, has the member's "
        "referral code, and changes by itself. There is one card of a kind for each member: "
        "exporting it again hands over the same one.",
        examples=(
            Example(
                {"customer_id": "7104466075915", "wallet_type": "apple", "locale": "en"},
                {"pass_url": "http…/w/…"},
            ),
        ),
        errors=(CUSTOMER_NOT_FOUND, CUSTOMER_AMBIGUOUS, WALLET_UNAVAILABLE),
    ),
)
