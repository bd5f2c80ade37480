"""Signing in by a one-time link, and out. These pages are for the direct dashboard only."""

from flask import Blueprint, abort, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from webapp.entry import identity, parts
from webapp.features.accounts import service as accounts

blueprint = Blueprint("sign_in", __name__, url_prefix="/admin")


@blueprint.get("/sign-in")
def sign_in() -> AnyResponse:
    """Use a one-time link up and open a session. The page after it carries no token.

    HEAD does not use it up: scanners of mails send that.
    """
    if request.method == "HEAD":
        abort(405)
    token = request.args.get("token", "")
    merchant_id = accounts.merchant_of_token(token)
    with parts().database.transaction(merchant_id) as ctx:
        admin = accounts.use_sign_in_link(ctx, token)
        opened = accounts.open_session(ctx, admin.admin_user_id)
    identity.begin_session(merchant_id, opened)
    return redirect("/admin/")


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session. The cookie is SameSite=Lax, so no other site can send this."""
    identity.end_session()
    return redirect("/admin/")
