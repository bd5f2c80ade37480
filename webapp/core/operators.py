"""Making operators, our own staff: only who owns the schema can, for the application may not.

What operators may do is in `tenancy`, and how the application asks about them in `routing`.
"""

import hashlib
import os
import secrets

from sqlalchemy import text

from webapp.core.config import ConfigurationError
from webapp.core.provisioning import as_owner
from webapp.core.words import new_id

LINK_MINUTES = 15

_FIND_OR_ADD = """
with known as (
    select operator_id from operators where name = :name and role = :role and ended_at is null
), added as (
    insert into operators (operator_id, name, role)
    select :operator_id, :name, :role where not exists (select from known)
    returning operator_id
)
select operator_id from known union all select operator_id from added
"""
_ADD_LINK = """
insert into operator_links (token_hash, operator_id, expires_at)
values (:hash, :operator_id, clock_timestamp() + make_interval(mins => :minutes))
"""


def operator_link(name: str, role: str, owner_url: str | None = None) -> str:
    """The path of a one-time link for the operator of that name and role, who is added when they
    are new. `owner_url` logs in as the owner of the schema; DATABASE_OWNER_URL without it. Raises
    ConfigurationError."""
    url = owner_url or os.environ.get("DATABASE_OWNER_URL")
    if not url:
        raise ConfigurationError("Set DATABASE_OWNER_URL: only the schema's owner adds operators.")
    token = secrets.token_urlsafe(32)
    with as_owner(url) as owner:
        asked = {"name": name, "role": role, "operator_id": new_id("opr_")}
        operator_id = owner.scalar(text(_FIND_OR_ADD), asked)
        link = {
            "hash": hashlib.sha256(token.encode()).digest(),
            "operator_id": operator_id,
            "minutes": LINK_MINUTES,
        }
        owner.execute(text(_ADD_LINK), link)
    return f"/ops/sign-in?token={token}"
