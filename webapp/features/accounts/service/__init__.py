"""Use cases of accounts. None of them commits."""

from webapp.features.accounts.domain.scopes import REQUIRED as SCOPES
from webapp.features.accounts.domain.scopes import parse_scopes
from webapp.features.accounts.service.apps import (
    app_of_id,
    app_of_key,
    app_secrets,
    create_merchant,
    listed_app,
    register_app,
    rotate_app_secret,
)
from webapp.features.accounts.service.billing import (
    ask_after_plan,
    await_confirmation,
    choose_plan,
    current_plan,
    end_plan,
    hear_of_subscription,
    prepare_subscription,
    prepare_subscription_call,
    refuse_subscription,
)
from webapp.features.accounts.service.deliveries import handlers_of, send_again
from webapp.features.accounts.service.installation import (
    install_store,
    prepare_refresh,
    prepare_store_call,
    record_scopes,
    record_shop_facts,
    replace_token,
    uninstall_store,
    visit_store,
)
from webapp.features.accounts.service.people import (
    add_admin,
    admin_signed_in,
    change_role,
    choose_language,
    choose_store,
    create_sign_in_link,
    meet_admin,
    merchant_of_token,
    use_sign_in_link,
)
from webapp.features.accounts.service.received import forget_events
from webapp.features.accounts.service.service_keys import (
    actor_of_service_key,
    create_service_key,
    list_service_keys,
    revoke_service_key,
    rotate_service_key,
)
from webapp.features.accounts.service.sessions import (
    admin_of_session,
    end_session,
    end_sessions,
    mark_session_seen,
    open_session,
)
from webapp.features.accounts.service.stores import connect_store
from webapp.features.accounts.service.subscriptions import (
    check_all_subscriptions,
    check_subscriptions,
    prepare_check,
    record_check,
)

__all__ = [
    "SCOPES",
    "actor_of_service_key",
    "add_admin",
    "admin_of_session",
    "admin_signed_in",
    "app_of_id",
    "app_of_key",
    "app_secrets",
    "ask_after_plan",
    "await_confirmation",
    "change_role",
    "check_all_subscriptions",
    "check_subscriptions",
    "choose_language",
    "choose_plan",
    "choose_store",
    "connect_store",
    "create_merchant",
    "create_service_key",
    "create_sign_in_link",
    "current_plan",
    "end_plan",
    "end_session",
    "end_sessions",
    "forget_events",
    "handlers_of",
    "hear_of_subscription",
    "install_store",
    "list_service_keys",
    "listed_app",
    "mark_session_seen",
    "meet_admin",
    "merchant_of_token",
    "open_session",
    "parse_scopes",
    "prepare_check",
    "prepare_refresh",
    "prepare_store_call",
    "prepare_subscription",
    "prepare_subscription_call",
    "record_check",
    "record_scopes",
    "record_shop_facts",
    "refuse_subscription",
    "register_app",
    "replace_token",
    "revoke_service_key",
    "rotate_app_secret",
    "rotate_service_key",
    "send_again",
    "uninstall_store",
    "use_sign_in_link",
    "visit_store",
]
