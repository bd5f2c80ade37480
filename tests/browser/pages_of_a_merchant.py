"""A merchant with something on every page, for looking at pages in a browser."""

from dataclasses import dataclass

from sqlalchemy import text

from tests.factories import Tenant, make_tenant
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import PlanChoice, StaffMember
from webapp.parts import Parts


@dataclass(frozen=True)
class Opened:
    """Somebody who may see everything: their link, and who they are inside Shopify's admin."""

    tenant: Tenant
    admin_user_id: str
    sign_in: str


def open_account(parts: Parts) -> Opened:
    """Two people, a store that lacks a right, a plan that waits for an answer."""
    tenant = make_tenant(parts.database, access_token="shpat_x")
    with parts.database.transaction(tenant.merchant_id) as ctx:
        owner = StaffMember("7", "Robin", account_owner=True, locale="en")
        me = accounts.meet_admin(ctx, tenant.store_id, owner)
        staff = StaffMember("8", "Ada", account_owner=False, locale="de")
        accounts.meet_admin(ctx, tenant.store_id, staff)
        accounts.record_scopes(ctx, tenant.store_id, "read_orders,write_customers")
        accounts.choose_plan(ctx, PlanChoice("growth", tenant.store_id))
        ctx.db.execute(
            text(
                "update subscriptions set state = 'pending', external_id = 'gid://1', "
                "confirmation_url = 'https://shop.example/charge'"
            )
        )
        link = accounts.create_sign_in_link(ctx, me)
    return Opened(tenant, me, f"/admin/sign-in?token={link}")
