"""Local servers for people without any: the same PostgreSQL and Redis commands as in production.

`local` starts what DATABASE_URL and REDIS_URL do not name; `postgres` and `valkey` know one server
each; `supervisor` keeps children alive and takes them down with their parent; `lifeline` holds the
system calls for that, `accounts` decides as whom a server runs, `sockets` where it is reached.
"""
