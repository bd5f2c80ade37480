"""How shops install us: tokens, scopes, people's sessions, plans, and our own staff.

Operators belong to no tenant. Their tables are granted to `loyalnest_dispatch` alone, so that the
application can ask about them only through the functions below, and cannot make an operator.
"""

from alembic import op

from webapp.migrations.protection import create_questions, create_tables, let_dispatch_see

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = """
alter table apps add listed boolean default false not null;
create unique index idx_apps_listed on apps (listed) where listed;
grant update (secret, previous_secret, listed) on apps to loyalnest_app;
grant update (name) on merchants to loyalnest_app;

alter table stores
    add name text,
    add scopes text[] default '{}' not null,
    add shopify_plan text,
    add development boolean default false not null,
    add refresh_token bytea,
    add token_id text,
    add token_expires_at timestamptz(3),
    add facts_at timestamptz(3),
    add installed_at timestamptz(3),
    add uninstalled_at timestamptz(3);

alter table admin_users
    add store_id text,
    add external_id text,
    add looking_at text,
    add constraint fk_admin_users_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    add constraint uq_admin_users_merchant_id_store_id_external_id
        unique (merchant_id, store_id, external_id),
    drop constraint ck_admin_users_role,
    add constraint ck_admin_users_role check (role in ('owner', 'manager', 'analyst', 'none'));
"""

TABLES = """
create table admin_sessions (
    merchant_id text not null,
    token_hash bytea not null,
    admin_user_id text not null,
    seen_at timestamptz(3) not null,
    ended_at timestamptz(3),
    created_at timestamptz(3) default now() not null,
    constraint pk_admin_sessions primary key (merchant_id, token_hash),
    constraint fk_admin_sessions_admin_users
        foreign key (merchant_id, admin_user_id) references admin_users (merchant_id, admin_user_id)
);
create index idx_admin_sessions_merchant_id_admin_user_id
    on admin_sessions (merchant_id, admin_user_id);

create table subscriptions (
    merchant_id text not null,
    subscription_id text not null,
    store_id text not null,
    plan text not null,
    state text default 'requested' not null,
    price_minor bigint not null,
    currency text not null,
    trial_days smallint default 0 not null,
    test boolean default false not null,
    external_id text,
    confirmation_url text,
    reason text,
    requested_at timestamptz(3) default now() not null,
    activated_at timestamptz(3),
    trial_ends_at timestamptz(3),
    period_ends_at timestamptz(3),
    ended_at timestamptz(3),
    constraint pk_subscriptions primary key (merchant_id, subscription_id),
    constraint uq_subscriptions_merchant_id_external_id unique (merchant_id, external_id),
    constraint fk_subscriptions_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_subscriptions_state check (state in (
        'requested', 'pending', 'active', 'frozen', 'declined', 'expired', 'cancelled', 'failed'
    )),
    constraint ck_subscriptions_price check (price_minor >= 0)
);
create unique index idx_subscriptions_active
    on subscriptions (merchant_id) where state in ('active', 'frozen');
"""
RIGHTS = {
    "admin_sessions": "select, insert, update",
    "subscriptions": "select, insert, update",
}

OPERATORS = """
create table operators (
    operator_id text not null,
    name text not null,
    role text not null,
    created_at timestamptz(3) default now() not null,
    ended_at timestamptz(3),
    constraint pk_operators primary key (operator_id),
    constraint ck_operators_role check (role in ('support', 'review', 'platform'))
);

create table operator_links (
    token_hash bytea not null,
    operator_id text not null,
    expires_at timestamptz(3) not null,
    used_at timestamptz(3),
    constraint pk_operator_links primary key (token_hash),
    constraint fk_operator_links_operators
        foreign key (operator_id) references operators (operator_id)
);

create table operator_sessions (
    token_hash bytea not null,
    operator_id text not null,
    seen_at timestamptz(3) not null,
    ended_at timestamptz(3),
    constraint pk_operator_sessions primary key (token_hash),
    constraint fk_operator_sessions_operators
        foreign key (operator_id) references operators (operator_id)
);

create table operator_reads (
    read_id bigint generated always as identity,
    operator_id text not null,
    subject text not null,
    read_at timestamptz(3) not null,
    constraint pk_operator_reads primary key (read_id),
    constraint fk_operator_reads_operators
        foreign key (operator_id) references operators (operator_id)
);

grant select on operators to loyalnest_dispatch;
grant select, update on operator_links to loyalnest_dispatch;
grant select, insert, update on operator_sessions to loyalnest_dispatch;
grant insert on operator_reads to loyalnest_dispatch;
"""

# Each function looks its caller up by the hash of a session's token, so that knowing the function
# is not enough. `wall` and the lives are the application's, whose clock tests can move.
FUNCTIONS = {
    "operator_sign_in(bytea, bytea, timestamptz)": """
create function operator_sign_in(link bytea, session bytea, wall timestamptz) returns text
language sql volatile security definer set search_path = public, pg_temp as $$
    with used as (
        update operator_links l set used_at = wall
        from operators o
        where l.token_hash = link and l.used_at is null and l.expires_at > wall
          and o.operator_id = l.operator_id and o.ended_at is null
        returning l.operator_id
    )
    insert into operator_sessions (token_hash, operator_id, seen_at)
    select session, operator_id, wall from used
    returning operator_id
$$
""",
    "operator_of_session(bytea, timestamptz, interval)": """
create function operator_of_session(
    session bytea, wall timestamptz, idle interval,
    out operator_id text, out name text, out role text
) returns setof record
language sql volatile security definer set search_path = public, pg_temp as $$
    update operator_sessions s set seen_at = wall
    from operators o
    where s.token_hash = session and s.ended_at is null and s.seen_at > wall - idle
      and o.operator_id = s.operator_id and o.ended_at is null
    returning o.operator_id, o.name, o.role
$$
""",
    "operator_sign_out(bytea, timestamptz)": """
create function operator_sign_out(session bytea, wall timestamptz) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
    update operator_sessions s set ended_at = wall
    where s.token_hash = session and s.ended_at is null
$$
""",
    "operator_merchants(bytea, timestamptz, interval, text)": """
create function operator_merchants(
    session bytea, wall timestamptz, idle interval, wanted text,
    out merchant_id text, out name text
) returns setof record
language sql volatile security definer set search_path = public, pg_temp as $$
    with asking as (
        select o.operator_id from operator_of_session(session, wall, idle) as o
    ), noted as (
        insert into operator_reads (operator_id, subject, read_at)
        select operator_id, 'merchants', wall from asking
    )
    select m.merchant_id, m.name from merchants m, asking
    where wanted = '' or m.merchant_id = wanted or strpos(lower(m.name), lower(wanted)) > 0
    order by m.name, m.merchant_id
    limit 200
$$
""",
}


def upgrade() -> None:
    op.execute(COLUMNS)
    create_tables(TABLES, RIGHTS)
    op.execute(OPERATORS)
    let_dispatch_see("merchants", "merchant_id, name")
    create_questions(FUNCTIONS)
