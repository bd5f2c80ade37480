"""The buttons that put a member's card into a wallet.

`STRINGS` are the texts of block.liquid that fragment.html does not have.
"""

from webapp.core.i18n import N_

STRINGS = (
    N_("wallet_buttons.heading", "Your card on your phone"),
    N_("wallet_buttons.text", "Your points in your wallet, always up to date."),
    N_("wallet_buttons.more", "Get your card"),
    N_("wallet_buttons.guest_more", "How it works"),
    N_("wallet_buttons.schema.name", "Wallet buttons"),
)
