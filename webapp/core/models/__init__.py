"""Tables that more than one feature reads. Which feature writes which column is in `ownership`.

A merchant is the tenant (an organisation) and owns one or more stores. A user is the person, with
one `customer_identities` row for each store customer. Every tenant table carries `merchant_id`
first in its primary key, and foreign keys to tenant tables are composite, so that no row can point
at another tenant's row.

Tables that come in bulk have no foreign keys: they were a third of an import's cost, and one to a
store or a merchant asks the same question for every row. That orders and ledger entries belong to
a customer of the tenant is checked by a trigger once a statement (`refuse_strangers`); cards and
facts are computed from those. The application may delete none of the rows they point at.
"""

from webapp.core.models.customers import (
    CustomerCard,
    CustomerContact,
    CustomerIdentity,
    Order,
    ReferralLink,
    Refund,
    User,
)
from webapp.core.models.tenants import (
    AdminUser,
    App,
    Connection,
    Merchant,
    PlatformConnection,
    ProgramSettings,
    ServiceKey,
    Store,
)

__all__ = [
    "AdminUser",
    "App",
    "Connection",
    "CustomerCard",
    "CustomerContact",
    "CustomerIdentity",
    "Merchant",
    "Order",
    "PlatformConnection",
    "ProgramSettings",
    "ReferralLink",
    "Refund",
    "ServiceKey",
    "Store",
    "User",
]
