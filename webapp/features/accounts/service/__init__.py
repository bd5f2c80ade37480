"""Use cases of accounts. None of them commits."""

from webapp.features.accounts.service.apps import app_secrets, create_merchant, register_app
from webapp.features.accounts.service.deliveries import handlers_of, send_again
from webapp.features.accounts.service.people import (
    add_admin,
    admin_signed_in,
    create_sign_in_link,
    merchant_of_token,
    use_sign_in_link,
)
from webapp.features.accounts.service.service_keys import (
    actor_of_service_key,
    create_service_key,
    list_service_keys,
    note_key_use,
    revoke_service_key,
    rotate_service_key,
)
from webapp.features.accounts.service.stores import connect_store

__all__ = [
    "actor_of_service_key",
    "add_admin",
    "admin_signed_in",
    "app_secrets",
    "connect_store",
    "create_merchant",
    "create_service_key",
    "create_sign_in_link",
    "handlers_of",
    "list_service_keys",
    "merchant_of_token",
    "note_key_use",
    "register_app",
    "revoke_service_key",
    "rotate_service_key",
    "send_again",
    "use_sign_in_link",
]
