"""The first schema: tenants, orders, the ledger, scores, and work behind the web.

Every tenant table is under row-level security with FORCE. `current_merchant()` raises when no
tenant is set, so that a forgotten tenant is an error and never an empty answer. Work across
tenants goes through the SECURITY DEFINER functions below, owned by a role that cannot log in and
sees only the columns it is granted.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONS = 4
PARTITIONED = ("orders", "refunds", "points_transactions")
# Facts about customers that come in bulk: refuse_strangers() checks them once a statement, where a
# foreign key would be checked, and lock the customer, for every row. See webapp/core/models.py.
OF_CUSTOMERS = ("orders", "points_transactions")

TABLES = """
create table apps (
    app_id text not null,
    api_key text not null,
    secret bytea not null,
    previous_secret bytea,
    constraint pk_apps primary key (app_id),
    constraint uq_apps_api_key unique (api_key)
);

create table audit_logs (
    merchant_id text not null,
    audit_id bigint generated always as identity,
    actor_kind text not null,
    actor_id text,
    action text not null,
    metadata jsonb not null,
    created_at timestamptz(3) not null,
    constraint pk_audit_logs primary key (merchant_id, audit_id)
);
create index idx_audit_logs_action on audit_logs (action);

create table merchants (
    merchant_id text not null,
    name text not null,
    locale text default 'en' not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_merchants primary key (merchant_id)
);

create table outbox (
    merchant_id text not null,
    message_id bigint generated always as identity,
    topic text not null,
    key text not null,
    payload jsonb not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_outbox primary key (merchant_id, message_id),
    constraint uq_outbox_merchant_id_topic_key unique (merchant_id, topic, key)
);

create table admin_users (
    merchant_id text not null,
    admin_user_id text not null,
    name text not null,
    role text not null,
    locale text default 'en' not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_admin_users primary key (merchant_id, admin_user_id),
    constraint fk_admin_users_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint ck_admin_users_role check (role in ('owner', 'analyst'))
);

create table deliveries (
    merchant_id text not null,
    handler text not null,
    message_id bigint not null,
    attempts smallint default 0 not null,
    due_at timestamptz(3) default clock_timestamp() not null,
    lease_token uuid,
    dead_at timestamptz(3),
    reason text,
    constraint pk_deliveries primary key (merchant_id, handler, message_id),
    constraint fk_deliveries_outbox
        foreign key (merchant_id, message_id) references outbox (merchant_id, message_id)
);
create index idx_deliveries_open
    on deliveries (handler, merchant_id, message_id) where dead_at is null;

create table service_keys (
    merchant_id text not null,
    key_id text not null,
    prefix text not null,
    key_hash bytea not null,
    permissions text[] not null,
    expires_at timestamptz(3),
    revoked_at timestamptz(3),
    created_at timestamptz(3) default now() not null,
    constraint pk_service_keys primary key (merchant_id, key_id),
    constraint fk_service_keys_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint uq_service_keys_key_hash unique (key_hash)
);

create table stores (
    merchant_id text not null,
    store_id text not null,
    shop_domain text not null,
    app_id text not null,
    currency text not null,
    timezone text default 'UTC' not null,
    access_token bytea,
    created_at timestamptz(3) default now() not null,
    constraint pk_stores primary key (merchant_id, store_id),
    constraint fk_stores_merchants
        foreign key (merchant_id) references merchants (merchant_id),
    constraint uq_stores_shop_domain unique (shop_domain),
    constraint fk_stores_apps
        foreign key (app_id) references apps (app_id)
);

create table users (
    merchant_id text not null,
    customer_id text not null,
    shared_customer_id text not null,
    points_balance bigint default 0 not null,
    created_at timestamptz(3) default now() not null,
    constraint pk_users primary key (merchant_id, customer_id)
) with (fillfactor = 50);
create unique index idx_users_shared_customer_id on users (merchant_id, shared_customer_id);

create table customer_cards (
    merchant_id text not null,
    customer_id text not null,
    points bigint default 0 not null,
    version bigint default 1 not null,
    constraint pk_customer_cards primary key (merchant_id, customer_id)
) with (fillfactor = 80);

create table customer_identities (
    merchant_id text not null,
    store_id text not null,
    external_id text not null,
    customer_id text not null,
    constraint pk_customer_identities primary key (merchant_id, store_id, external_id),
    constraint fk_customer_identities_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id)
);
create index idx_customer_identities_merchant_id_customer_id
    on customer_identities (merchant_id, customer_id);

create table customer_stats (
    merchant_id text not null,
    store_id text not null,
    customer_id text not null,
    first_day date not null,
    last_day date not null,
    days integer not null,
    orders integer not null,
    net_minor bigint not null,
    constraint pk_customer_stats primary key (merchant_id, store_id, customer_id)
) with (fillfactor = 80);

create table imports (
    merchant_id text not null,
    import_id text not null,
    store_id text not null,
    file_names text[] not null,
    label text default '' not null,
    state text default 'reading' not null,
    percent smallint default 0 not null,
    read bigint default 0 not null,
    taken bigint default 0 not null,
    skipped bigint default 0 not null,
    refused bigint default 0 not null,
    started_at timestamptz(3) default now() not null,
    told_at timestamptz(3) default now() not null,
    finished_at timestamptz(3),
    constraint pk_imports primary key (merchant_id, import_id),
    constraint fk_imports_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
    constraint ck_imports_state check (state in ('reading', 'taking', 'done', 'failed'))
);

create table orders (
    merchant_id text not null,
    order_id bigint generated always as identity,
    store_id text not null,
    external_id text not null,
    customer_id text,
    ordered_at timestamptz(3) not null,
    amount_minor bigint not null,
    constraint pk_orders primary key (merchant_id, order_id),
    constraint uq_orders_merchant_id_store_id_external_id
        unique (merchant_id, store_id, external_id),
    constraint ck_orders_amount check (amount_minor >= 0)
) partition by hash (merchant_id);
create index idx_orders_merchant_id_store_id_customer_id
    on orders (merchant_id, store_id, customer_id);

create table refunds (
    merchant_id text not null,
    refund_id bigint generated always as identity,
    store_id text not null,
    external_id text not null,
    customer_id text,
    refunded_at timestamptz(3) not null,
    amount_minor bigint not null,
    constraint pk_refunds primary key (merchant_id, refund_id),
    constraint uq_refunds_merchant_id_store_id_external_id
        unique (merchant_id, store_id, external_id),
    constraint fk_refunds_users
        foreign key (merchant_id, customer_id) references users (merchant_id, customer_id),
    constraint ck_refunds_amount check (amount_minor >= 0)
) partition by hash (merchant_id);
create index idx_refunds_merchant_id_store_id_customer_id
    on refunds (merchant_id, store_id, customer_id);

create table rfm_cutpoints (
    merchant_id text not null,
    store_id text not null,
    version integer not null,
    recency date[] not null,
    frequency integer[] not null,
    monetary bigint[] not null,
    customers integer not null,
    segments jsonb not null,
    computed_at timestamptz(3) default now() not null,
    constraint pk_rfm_cutpoints primary key (merchant_id, store_id, version),
    constraint fk_rfm_cutpoints_stores
        foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

create table sign_in_links (
    merchant_id text not null,
    token_hash bytea not null,
    admin_user_id text not null,
    expires_at timestamptz(3) not null,
    used_at timestamptz(3),
    constraint pk_sign_in_links primary key (merchant_id, token_hash),
    constraint fk_sign_in_links_admin_users
        foreign key (merchant_id, admin_user_id) references admin_users (merchant_id, admin_user_id)
);

create table points_transactions (
    merchant_id text not null,
    customer_id text not null,
    transaction_id bigint generated always as identity,
    store_id text not null,
    type text not null,
    points bigint not null,
    order_id bigint,
    rule_version smallint not null,
    basis_minor bigint not null,
    currency text not null,
    occurred_at timestamptz(3) not null,
    recorded_at timestamptz(3) default now() not null,
    idempotency_key text not null,
    constraint pk_points_transactions primary key (merchant_id, customer_id, transaction_id),
    constraint uq_points_transactions_merchant_id_idempotency_key
        unique (merchant_id, idempotency_key),
    constraint ck_points_transactions_points check (points <> 0),
    constraint ck_points_transactions_type check (type in (
        'earn', 'bonus', 'redeem', 'redeem_reversal', 'clawback', 'expire', 'adjust', 'transfer',
        'import'
    ))
) partition by hash (merchant_id);

create table metafield_projections (
    merchant_id text not null,
    store_id text not null,
    external_id text not null,
    pushed_version bigint not null,
    refused boolean default false not null,
    pushed_at timestamptz(3) default now() not null,
    constraint pk_metafield_projections primary key (merchant_id, store_id, external_id),
    constraint fk_metafield_projections_customer_identities
        foreign key (merchant_id, store_id, external_id)
            references customer_identities (merchant_id, store_id, external_id)
);
"""

# What the application may do to each tenant table; the ledger and the logs only grow.
GRANTS = {
    "merchants": "select, insert",
    "stores": "select, insert, update",
    "admin_users": "select, insert, update",
    "sign_in_links": "select, insert, update, delete",
    "service_keys": "select, insert, update",
    "users": "select, insert, update",
    "customer_identities": "select, insert, update",
    "customer_cards": "select, insert, update",
    "customer_stats": "select, insert, update, delete",
    "rfm_cutpoints": "select, insert",
    "orders": "select, insert",
    "refunds": "select, insert",
    "points_transactions": "select, insert",
    "metafield_projections": "select, insert, update, delete",
    "imports": "select, insert, update",
    "outbox": "select, insert",
    "deliveries": "select, insert, update, delete",
    "audit_logs": "select, insert",
}

# Ids of new_id() begin with their millisecond, so that new rows lie together in every index, and
# end in 70 random bits. refuse_strangers() asks by subselect: a join would be planned as a scan of
# all users. Under row-level security it sees the customers of the tenant only.
FUNCTIONS = """
create function current_merchant() returns text language plpgsql stable as $$
declare merchant text := current_setting('app.merchant_id', true);
begin
    if merchant is null or merchant = '' then
        raise exception 'no tenant is set for this transaction'
            using errcode = 'insufficient_privilege',
                  hint = 'Open it with Database.transaction(merchant_id).';
    end if;
    return merchant;
end $$;

create function new_id(prefix text) returns text language sql volatile as $$
    select prefix || to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint)
        || translate(encode(substring(uuid_send(gen_random_uuid()) from 8), 'base64'), '+/', '-_')
$$;

create function refuse_strangers() returns trigger language plpgsql as $$
begin
    if exists (
        select from (
            select distinct merchant_id, customer_id from added where customer_id is not null
        ) as named
        where (
            select 1 from users u
            where u.merchant_id = named.merchant_id and u.customer_id = named.customer_id
        ) is null
    ) then
        raise exception '% must belong to a customer of the tenant', tg_table_name
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% only grows: % is refused', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation';
end $$;
"""

# A scalar subquery with limit 1 instead of exists(): the planner hashes every due row for exists.
ROUTING = """
create function due_handlers(names text[]) returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
    select name from unnest(names) as n(name)
    where (
        select 1 from deliveries
        where handler = n.name and dead_at is null and due_at <= clock_timestamp()
        limit 1
    ) = 1
$$;

create function due_lanes(wanted text) returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
    with recursive lane(merchant_id) as (
        (
            select merchant_id from deliveries
            where handler = wanted and dead_at is null and due_at <= clock_timestamp()
            order by merchant_id limit 1
        )
        union all
        select (
            select d.merchant_id from deliveries d
            where d.handler = wanted and d.dead_at is null and d.due_at <= clock_timestamp()
              and d.merchant_id > lane.merchant_id
            order by d.merchant_id limit 1
        )
        from lane where lane.merchant_id is not null
    )
    select merchant_id from lane where merchant_id is not null
$$;

create function tenant_of_shop(
    domain text, out merchant_id text, out store_id text, out app_id text
) returns setof record
language sql stable security definer set search_path = public, pg_temp as $$
    select s.merchant_id, s.store_id, s.app_id from stores s where s.shop_domain = domain
$$;

create function tenant_of_service_key(
    hash bytea, out merchant_id text, out key_id text
) returns setof record
language sql stable security definer set search_path = public, pg_temp as $$
    select k.merchant_id, k.key_id from service_keys k where k.key_hash = hash
$$;
"""

# What the dispatch role may see, and of which rows.
DISPATCH = {
    "deliveries": ("handler, merchant_id, message_id, due_at, dead_at", "dead_at is null"),
    "stores": ("shop_domain, merchant_id, store_id, app_id", "true"),
    "service_keys": ("key_hash, merchant_id, key_id", "true"),
}
SIGNATURES = (
    "due_handlers(text[])",
    "due_lanes(text)",
    "tenant_of_shop(text)",
    "tenant_of_service_key(bytea)",
)


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    for table in PARTITIONED:
        for part in range(PARTITIONS):
            op.execute(
                f"create table {table}_{part} partition of {table} "
                f"for values with (modulus {PARTITIONS}, remainder {part})"
            )
    op.execute(
        "create trigger points_transactions_only_grows "
        "before update or delete or truncate on points_transactions "
        "for each statement execute function refuse_change()"
    )
    for table in OF_CUSTOMERS:
        op.execute(
            f"create trigger {table}_of_customers after insert on {table} "
            "referencing new table as added "
            "for each statement execute function refuse_strangers()"
        )
    op.execute("grant usage on schema public to loyalnest_app, loyalnest_dispatch")
    op.execute("grant select, insert on apps to loyalnest_app")
    # ANALYZE during a first import, when no statistics exist yet (PostgreSQL 17 and later).
    op.execute("grant maintain on users, customer_identities, orders to loyalnest_app")
    for part in range(PARTITIONS):
        op.execute(f"grant maintain on orders_{part} to loyalnest_app")
    for table, rights in GRANTS.items():
        protect(table, rights)
    open_routing()


def protect(table: str, rights: str) -> None:
    """Bind `table` to the tenant of the transaction and grant the application its rights.

    The subselects make PostgreSQL ask once a statement instead of once a row.
    """
    own = "merchant_id = (select current_merchant())"
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy {table}_tenant on {table} to loyalnest_app using ({own}) with check ({own})"
    )
    op.execute(f"grant {rights} on {table} to loyalnest_app")


def open_routing() -> None:
    """Create the functions that look across tenants, and what their owner may see."""
    for table, (columns, rows) in DISPATCH.items():
        op.execute(
            f"create policy {table}_dispatch on {table} for select to loyalnest_dispatch "
            f"using ({rows})"
        )
        op.execute(f"grant select ({columns}) on {table} to loyalnest_dispatch")
    op.execute(ROUTING)
    op.execute("grant create on schema public to loyalnest_dispatch")
    for signature in SIGNATURES:
        op.execute(f"alter function {signature} owner to loyalnest_dispatch")
        op.execute(f"revoke all on function {signature} from public")
        op.execute(f"grant execute on function {signature} to loyalnest_app")
    op.execute("revoke create on schema public from loyalnest_dispatch")
