"""The People page: who may sign in, what each may do, and signing everybody out."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.contract import Done, Form, Page
from webapp.core.i18n import N_
from webapp.features.accounts import service
from webapp.features.accounts.queries.installation import person_lines

ROLES = {
    "owner": N_("people.role.owner", "Owner: everything"),
    "manager": N_("people.role.manager", "Manager: everything but the account"),
    "analyst": N_("people.role.analyst", "Analyst: looks at figures"),
    "none": N_("people.role.none", "No access"),
}
CHANGED = N_("people.changed", "The role is changed.")
SIGNED_OUT = N_("people.signed_out", "Signed out everywhere.")


def load(ctx: Context, form: Form) -> Mapping[str, Any]:
    return {
        "lines": person_lines(ctx),
        "roles": [(role, i18n.text(ctx.locale, *text)) for role, text in ROLES.items()],
        "me": ctx.actor.id,
    }


def change_role(ctx: Context, form: Form) -> Done:
    service.change_role(ctx, form.one("person"), form.one("role"))
    return Done(i18n.text(ctx.locale, *CHANGED))


def sign_out(ctx: Context, form: Form) -> Done:
    service.end_sessions(ctx, form.one("person"))
    return Done(i18n.text(ctx.locale, *SIGNED_OUT))


PAGE = Page(
    path="people",
    title=N_("people.title", "People"),
    order=82,
    group="account",
    permission="admin:settings",
    load=load,
    template="people.html",
    actions={"role": change_role, "sign-out": sign_out},
)
