"""For how long something is due can be asked: the relay leaves to others what just rang."""

from alembic import op

from webapp.migrations.protection import create_questions

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# A scalar subquery with limit 1 instead of exists(): the planner hashes every due row for exists.
QUESTIONS = {
    "due_handlers(text[], double precision)": """
        create function due_handlers(names text[], late double precision) returns setof text
        language sql stable security definer set search_path = public, pg_temp as $$
            select name from unnest(names) as n(name)
            where (
                select 1 from deliveries
                where handler = n.name and dead_at is null
                  and due_at <= statement_timestamp() - make_interval(secs => late)
                limit 1
            ) = 1
        $$
    """
}


def upgrade() -> None:
    op.execute("drop function due_handlers(text[])")
    create_questions(QUESTIONS)
