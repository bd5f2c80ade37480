"""Use cases of cards in wallets. None of them commits."""

from webapp.features.wallet.service.designs import save_design
from webapp.features.wallet.service.devices import (
    DEVICE,
    PUSH_TOKEN,
    changed_since,
    device_hash,
    proven_card,
    register,
    unregister,
)
from webapp.features.wallet.service.exporting import (
    WALLETS,
    export_again,
    export_to_wallet,
    give_up_class,
    give_up_object,
    hand_over,
    note_failure,
    prepare_metafield,
    record_failure,
    save_url,
)
from webapp.features.wallet.service.following import (
    ask_to_reissue,
    follow,
    forget_device,
    give_up_push,
    prepare_push,
    reissue,
    void_cards,
    welcome,
)
from webapp.features.wallet.service.google import (
    prepare_class,
    prepare_object,
    programme_picture,
    settle_class,
    settle_object,
)
from webapp.features.wallet.service.keys import SERVICES, can_export, pass_type_of, problems
from webapp.features.wallet.service.links import LIFE, Link, link_to, open_link
from webapp.features.wallet.service.looks import common, facts_of
from webapp.features.wallet.service.passes import Made, apple_pass
from webapp.features.wallet.service.previewing import open_preview, preview_of, seal_preview

__all__ = [
    "DEVICE",
    "LIFE",
    "PUSH_TOKEN",
    "SERVICES",
    "WALLETS",
    "Link",
    "Made",
    "apple_pass",
    "ask_to_reissue",
    "can_export",
    "changed_since",
    "common",
    "device_hash",
    "export_again",
    "export_to_wallet",
    "facts_of",
    "follow",
    "forget_device",
    "give_up_class",
    "give_up_object",
    "give_up_push",
    "hand_over",
    "link_to",
    "note_failure",
    "open_link",
    "open_preview",
    "pass_type_of",
    "prepare_class",
    "prepare_metafield",
    "prepare_object",
    "prepare_push",
    "preview_of",
    "problems",
    "programme_picture",
    "proven_card",
    "record_failure",
    "register",
    "reissue",
    "save_design",
    "save_url",
    "seal_preview",
    "settle_class",
    "settle_object",
    "unregister",
    "void_cards",
    "welcome",
]
