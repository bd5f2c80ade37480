"""The first request of a shop, or of a person, from Shopify: it is let in by Shopify's own word.

A session token is exchanged for a token of the app, and one of a person nobody has met yet for a
token of theirs, which says who they are and is thrown away. These exchanges, and those of
`install`, are the only calls of a way in to an outside service; no transaction is open meanwhile.
Decision 0014 says why.
"""

import logging

from webapp.core import routing
from webapp.core.errors import INSTALL_REFUSED, SESSION_TOKEN_INVALID, STORE_TAKEN, AppError
from webapp.core.routing import StoreAddress
from webapp.core.session_tokens import SessionToken
from webapp.core.words import new_id
from webapp.entry import parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import (
    AppIdentity,
    InstallStore,
    StaffMember,
    StoreVisit,
    TokenGranted,
)
from webapp.gateways.calling import GatewayError
from webapp.gateways.shopify_oauth import AppCredentials, Grant

log = logging.getLogger(__name__)


def arrive(app: AppIdentity, token: SessionToken, text: str) -> tuple[str, str]:
    """(merchant id, admin user id) of the person behind a verified token; a shop that is new, came
    back, or whose token has run out is connected on the way.

    An app vouches only for the shops that it serves. Whoever knows the secret of another app could
    sign a token for any shop, so for a shop that is new or came back Shopify itself must accept the
    token. Raises AppError: session_token_invalid, install_refused.
    """
    address = address_of(token.shop)
    visit = visit_of(address, app, token.user_id) if address else None
    if visit and visit.state == "foreign":
        raise AppError(SESSION_TOKEN_INVALID)
    if address is None or visit is None or visit.state == "gone":
        address = connect(app, token.shop, exchanged(app, token, text))
    elif visit.state == "stale":
        reconnect(app, token, text)
    if visit and visit.admin_user_id:
        return address.merchant_id, visit.admin_user_id
    return address.merchant_id, meet(address, staff_of(app, token, text))


def address_of(shop: str) -> StoreAddress | None:
    """Where a shop belongs, or None when it is new to us."""
    with parts().database.before_tenant() as db:
        return routing.tenant_of_shop(db, shop)


def visit_of(address: StoreAddress, app: AppIdentity, user_id: str) -> StoreVisit:
    """What is known of the store and of its visitor."""
    with parts().database.transaction(address.merchant_id, readonly=True) as ctx:
        return accounts.visit_store(ctx, address.store_id, app.app_id, user_id)


def connect(app: AppIdentity, shop: str, grant: Grant, account: str | None = None) -> StoreAddress:
    """Add the shop, or let it come back, with the token it granted; where it belongs. A new shop is
    a merchant of its own, unless it joins an `account`.

    Two first requests at once find each other out by the shop's domain: the second one's merchant
    is rolled back, and it connects the store that the first one made. Raises AppError(store_taken)
    when the shop is to join an account but belongs to another.
    """
    message = InstallStore(shop, app.app_id, granted(grant))
    address = address_of(shop)
    if account and address and address.merchant_id != account:
        raise AppError(STORE_TAKEN, store=shop)
    merchant_id = address.merchant_id if address else account or new_id("mer_")
    try:
        with parts().database.transaction(merchant_id) as ctx:
            store_id = accounts.install_store(ctx, message)
    except AppError as error:
        if error.kind is not STORE_TAKEN or address is not None:
            raise
        return connect(app, shop, grant, account)
    return StoreAddress(merchant_id, store_id, app.app_id)


def reconnect(app: AppIdentity, token: SessionToken, text: str) -> None:
    """A new token for a store whose own has run out. Without one the pages can be seen all the
    same, and say what is missing."""
    try:
        connect(app, token.shop, exchanged(app, token, text))
    except AppError as error:
        log.warning("a store stays without a token: %s", error.kind.code)


def exchanged(app: AppIdentity, token: SessionToken, text: str, *, online: bool = False) -> Grant:
    """What Shopify gives for a session token. Raises AppError(install_refused)."""
    gateway = parts().gateways.oauth
    try:
        return gateway.exchange_session_token(token.shop, credentials(app), text, online=online)
    except GatewayError as error:
        log.warning("a session token was not exchanged: %s", error)
        raise AppError(INSTALL_REFUSED) from error


def staff_of(app: AppIdentity, token: SessionToken, text: str) -> StaffMember:
    """Who the person behind a token is; without Shopify's answer just their number."""
    try:
        grant = exchanged(app, token, text, online=True)
    except AppError:
        return StaffMember(token.user_id, f"#{token.user_id}", account_owner=False, locale="en")
    return member(grant, token.user_id)


def member(grant: Grant, user_id: str) -> StaffMember:
    """The person whom a token of one person names, under the number that their session has."""
    user = grant.user or {}
    names = (str(user.get(part) or "") for part in ("first_name", "last_name"))
    return StaffMember(
        external_id=user_id,
        name=" ".join(name for name in names if name) or f"#{user_id}",
        account_owner=user.get("account_owner") is True,
        locale=str(user.get("locale") or "en"),
    )


def meet(address: StoreAddress, person: StaffMember) -> str:
    """The id of this person, who is added when they are new."""
    with parts().database.transaction(address.merchant_id) as ctx:
        return accounts.meet_admin(ctx, address.store_id, person)


def credentials(app: AppIdentity) -> AppCredentials:
    """What the app itself asks Shopify with: its newest secret."""
    return AppCredentials(app.api_key, app.secrets[0])


def granted(grant: Grant) -> TokenGranted:
    """A grant as the use cases know it."""
    return TokenGranted(
        access_token=grant.access_token,
        scopes=accounts.parse_scopes(grant.scopes),
        expires_in=grant.expires_in,
        refresh_token=grant.refresh_token,
    )
