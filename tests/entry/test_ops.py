"""Our own staff: they look at merchants, change nothing there, and leave a trace."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from tests.conftest import Servers
from tests.factories import FixedClock, Tenant, make_tenant
from webapp.app import create_app
from webapp.core.operators import operator_link
from webapp.parts import Parts


@pytest.fixture
def owner_url(servers: Servers, committed: Parts) -> str:
    name = make_url(committed.settings.database_url).database
    return make_url(servers.owner_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def tenant(committed: Parts) -> Tenant:
    return make_tenant(committed.database)


def sign_in(web: FlaskClient, owner_url: str, clock: FixedClock, role: str) -> str:
    """Sign in; links are made by the database's clock, so ours has to be near it."""
    engine = create_engine(owner_url)
    with engine.connect() as owner:
        clock.at = owner.scalar(text("select now()"))
    engine.dispose()
    link = operator_link(f"Sam {role}", role, owner_url)
    assert web.get(link).status_code == 302
    return link


def test_support_reads_one_merchant_and_both_logs_say_so(
    committed: Parts, web: FlaskClient, owner_url: str, clock: FixedClock, tenant: Tenant
) -> None:
    link = sign_in(web, owner_url, clock, "support")
    listed = web.get("/ops/?q=merchant").text
    assert f"/ops/merchants/{tenant.merchant_id}" in listed
    page = web.get(f"/ops/merchants/{tenant.merchant_id}")
    assert page.status_code == 200
    assert tenant.shop in page.text
    assert web.get("/ops/merchants/mer_nobody").status_code == 404
    with committed.database.transaction(tenant.merchant_id) as ctx:
        sql = "select actor_kind, action, metadata ->> 'subject' from audit_logs order by audit_id"
        assert tuple(ctx.db.execute(text(sql)).all()[-1]) == (
            "operator",
            "operator_read",
            "overview",
        )
    engine = create_engine(owner_url)
    with engine.connect() as owner:
        assert list(owner.scalars(text("select subject from operator_reads"))) == ["merchants"]
    engine.dispose()
    # The link works once, and the session ends.
    assert create_app(committed).test_client().get(link).status_code == 401
    web.post("/ops/sign-out")
    assert web.get("/ops/").status_code == 401


def test_session_of_an_operator_is_idle_for_an_hour_at_most(
    web: FlaskClient, owner_url: str, clock: FixedClock
) -> None:
    sign_in(web, owner_url, clock, "support")
    clock.advance(minutes=59)
    assert web.get("/ops/").status_code == 200
    clock.advance(minutes=61)
    assert web.get("/ops/").status_code == 401


def test_each_role_sees_its_own(
    committed: Parts, web: FlaskClient, owner_url: str, clock: FixedClock, tenant: Tenant
) -> None:
    seen = {}
    for role in ("support", "review", "platform"):
        sign_in(web, owner_url, clock, role)
        seen[role] = (
            web.get(f"/ops/merchants/{tenant.merchant_id}").status_code,
            web.get("/ops/connections").status_code,
            web.get(
                f"/ops/merchants/{tenant.merchant_id}/panels/imports",
                headers={"HX-Request": "true"},
            ).status_code,
            web.get("/admin/").status_code,
        )
    assert seen == {
        "support": (200, 403, 200, 401),
        "review": (200, 403, 403, 401),
        "platform": (403, 200, 403, 401),
    }


def test_platform_keeps_the_platforms_keys(
    committed: Parts, web: FlaskClient, owner_url: str, clock: FixedClock
) -> None:
    sign_in(web, owner_url, clock, "platform")
    page = web.get("/ops/connections").text
    action = re.search(r'action="(/ops/connections/[a-z-]+)"', page)
    form_token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert action is not None and form_token is not None
    assert web.post(action[1], data={"service": "posthog", "api_key": "phc_x"}).status_code == 403
    sent = {"form_token": form_token[1], "service": "posthog", "api_key": "phc_" + "a" * 40}
    assert web.post(action[1], data=sent).status_code == 303
    with committed.database.before_tenant() as db:
        assert db.scalar(text("select count(*) from platform_connections")) == 1


@pytest.mark.parametrize(
    "table", ["operators", "operator_links", "operator_sessions", "operator_reads"]
)
def test_application_cannot_touch_the_tables_of_operators(held: Parts, table: str) -> None:
    for statement in (f"select * from {table}", f"delete from {table}"):  # noqa: S608 - named above
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            held.database.before_tenant() as db,
        ):
            db.execute(text(statement))


def test_functions_tell_nobody_without_a_session(held: Parts) -> None:
    make_tenant(held.database)
    sql = "select count(*) from operator_merchants('x', now(), interval '1 hour', '')"
    with held.database.before_tenant() as db:
        assert db.scalar(text(sql)) == 0
