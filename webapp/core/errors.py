"""Every failure that a caller may see: one code, one HTTP status, one gRPC status, one message.

Messages are translated from the catalogs by `message(locale)`; the code never changes with the
language, so programs can rely on it.
"""

from dataclasses import dataclass

from webapp.core import i18n
from webapp.core.i18n import N_


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of failure: `code` for programs, `english` for people, statuses for the ways in."""

    code: str
    http: int
    grpc: str
    key: str
    english: str


def _kind(code: str, http: int, grpc: str, message: tuple[str, str]) -> Kind:
    return Kind(code, http, grpc, *message)


SIGNATURE_INVALID = _kind(
    "signature_invalid",
    401,
    "UNAUTHENTICATED",
    N_("error.signature_invalid", "This request is not signed by the shop."),
)
SIGNATURE_EXPIRED = _kind(
    "signature_expired",
    401,
    "UNAUTHENTICATED",
    N_("error.signature_expired", "This request is too old. Please reload the page."),
)
SHOP_UNKNOWN = _kind(
    "shop_unknown",
    404,
    "NOT_FOUND",
    N_("error.shop_unknown", "The shop %(shop)s is not connected to LoyalNest."),
)
NOT_YOURS = _kind(
    "not_yours",
    403,
    "PERMISSION_DENIED",
    N_("error.not_yours", "This belongs to another customer."),
)
SESSION_TOKEN_INVALID = _kind(
    "session_token_invalid",
    401,
    "UNAUTHENTICATED",
    N_("error.session_token_invalid", "Please open LoyalNest again from your Shopify admin."),
)
SESSION_TOKEN_EXPIRED = _kind(
    "session_token_expired",
    401,
    "UNAUTHENTICATED",
    N_("error.session_token_expired", "This page has been open too long. Please reload it."),
)
NO_ACCESS = _kind(
    "no_access",
    403,
    "PERMISSION_DENIED",
    N_("error.no_access", "You have no access. Ask an owner of this account for it."),
)
LAST_OWNER = _kind(
    "last_owner",
    409,
    "FAILED_PRECONDITION",
    N_("error.last_owner", "An account needs an owner. Make somebody else one first."),
)
INSTALL_REFUSED = _kind(
    "install_refused",
    502,
    "UNAVAILABLE",
    N_("error.install_refused", "Shopify did not let us in. Please try again shortly."),
)
SIGN_IN_REQUIRED = _kind(
    "sign_in_required",
    401,
    "UNAUTHENTICATED",
    N_("error.sign_in_required", "Please sign in to continue."),
)
NOT_A_MEMBER = _kind(
    "not_a_member",
    404,
    "NOT_FOUND",
    N_("error.not_a_member", "You have no points here yet. They begin with your first order."),
)
SIGN_IN_LINK_INVALID = _kind(
    "sign_in_link_invalid",
    401,
    "UNAUTHENTICATED",
    N_("error.sign_in_link_invalid", "This sign-in link has been used or has expired."),
)
SERVICE_KEY_INVALID = _kind(
    "service_key_invalid",
    401,
    "UNAUTHENTICATED",
    N_("error.service_key_invalid", "This service key is unknown, revoked or expired."),
)
SERVICE_KEY_ENDED = _kind(
    "service_key_ended",
    409,
    "FAILED_PRECONDITION",
    N_("error.service_key_ended", "This service key is not valid any more."),
)
PERMISSION_DENIED = _kind(
    "permission_denied",
    403,
    "PERMISSION_DENIED",
    N_("error.permission_denied", "You need the permission %(permission)s for this."),
)
NOT_FOUND = _kind(
    "not_found",
    404,
    "NOT_FOUND",
    N_("error.not_found", "There is nothing at this address."),
)
METHOD_NOT_ALLOWED = _kind(
    "method_not_allowed",
    405,
    "UNIMPLEMENTED",
    N_("error.method_not_allowed", "This address does not accept that method."),
)
FORM_EXPIRED = _kind(
    "form_expired",
    403,
    "PERMISSION_DENIED",
    N_("error.form_expired", "This form is no longer valid. Please send it again."),
)
STORE_NOT_FOUND = _kind(
    "store_not_found",
    404,
    "NOT_FOUND",
    N_("error.store_not_found", "There is no store %(store)s in this account."),
)
INVALID_VALUE = _kind(
    "invalid_value",
    422,
    "INVALID_ARGUMENT",
    N_("error.invalid_value", "%(field)s has a value that cannot be used: %(value)s"),
)
FIELD_REQUIRED = _kind(
    "field_required",
    422,
    "INVALID_ARGUMENT",
    N_("error.field_required", "%(field)s is required."),
)
FIELD_UNKNOWN = _kind(
    "field_unknown",
    422,
    "INVALID_ARGUMENT",
    N_("error.field_unknown", "There is no field %(field)s here."),
)
MALFORMED_BODY = _kind(
    "malformed_body",
    400,
    "INVALID_ARGUMENT",
    N_("error.malformed_body", "The body is not a JSON object."),
)
BODY_TOO_LARGE = _kind(
    "body_too_large",
    413,
    "RESOURCE_EXHAUSTED",
    N_("error.body_too_large", "The body is too large."),
)
WRONG_CONTENT_TYPE = _kind(
    "wrong_content_type",
    415,
    "INVALID_ARGUMENT",
    N_("error.wrong_content_type", "The body must be sent as application/json."),
)
RATE_LIMITED = _kind(
    "rate_limited",
    429,
    "RESOURCE_EXHAUSTED",
    N_("error.rate_limited", "Too many requests. Please try again in %(seconds)s seconds."),
)
IDEMPOTENCY_KEY_REUSED = _kind(
    "idempotency_key_reused",
    409,
    "FAILED_PRECONDITION",
    N_("error.idempotency_key_reused", "This Idempotency-Key was used for another request."),
)
IDEMPOTENCY_KEY_IN_USE = _kind(
    "idempotency_key_in_use",
    409,
    "ABORTED",
    N_("error.idempotency_key_in_use", "A request with this Idempotency-Key is still running."),
)
MERCHANT_NOT_FOUND = _kind(
    "merchant_not_found",
    404,
    "NOT_FOUND",
    N_("error.merchant_not_found", "There is no account %(merchant)s."),
)
CUSTOMER_NOT_FOUND = _kind(
    "customer_not_found",
    404,
    "NOT_FOUND",
    N_("error.customer_not_found", "There is no customer %(customer)s in this account."),
)
CUSTOMER_AMBIGUOUS = _kind(
    "customer_ambiguous",
    409,
    "FAILED_PRECONDITION",
    N_("error.customer_ambiguous", "More than one customer has the id %(customer)s."),
)
INSUFFICIENT_POINTS = _kind(
    "insufficient_points",
    409,
    "FAILED_PRECONDITION",
    N_("error.insufficient_points", "There are not enough points for this."),
)
CONNECTION_VALUE_INVALID = _kind(
    "connection_value_invalid",
    422,
    "INVALID_ARGUMENT",
    N_(
        "error.connection_value_invalid",
        "%(field)s is missing or has characters that it cannot have.",
    ),
)
STORE_TAKEN = _kind(
    "store_taken",
    409,
    "ALREADY_EXISTS",
    N_("error.store_taken", "The store %(store)s already belongs to an account."),
)
UNAVAILABLE = _kind(
    "unavailable",
    503,
    "UNAVAILABLE",
    N_("error.unavailable", "LoyalNest cannot answer right now. Please try again shortly."),
)
DEADLINE_EXCEEDED = _kind(
    "deadline_exceeded",
    504,
    "DEADLINE_EXCEEDED",
    N_("error.deadline_exceeded", "The answer took longer than you allowed."),
)
NOT_IMPLEMENTED = _kind(
    "not_implemented",
    501,
    "UNIMPLEMENTED",
    N_("error.not_implemented", "This call is not available yet."),
)
INTERNAL = _kind(
    "internal",
    500,
    "INTERNAL",
    N_("error.internal", "Something went wrong on our side. It has been recorded."),
)


class AppError(Exception):
    """A visible failure of one `kind`; `values` fill the placeholders of its message."""

    def __init__(self, kind: Kind, **values: str) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.values = values

    def message(self, locale: str) -> str:
        """The message in `locale` (one of the 22 tags)."""
        return i18n.text(locale, self.kind.key, self.kind.english, **self.values)

    def __str__(self) -> str:
        return f"{self.kind.code}: {self.message('en')}"
