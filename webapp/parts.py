"""The composition root: what every process is built from."""

from dataclasses import dataclass

from webapp.core import discovery
from webapp.core.cache import Near
from webapp.core.clock import Clock, SystemClock
from webapp.core.config import Settings
from webapp.core.crypto import KeyRing
from webapp.core.db import Database, open_engine
from webapp.gateways import Gateways, open_gateways
from webapp.gateways.breaker import Breaker
from webapp.gateways.rate_limits import RateLimiter
from webapp.gateways.redis_cache import Doorbell, Guard, RedisCache, connect


@dataclass(frozen=True)
class Parts:
    """One process's database, clock, caches, keys, doorbell, limiter, breaker and ways out."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    cache: RedisCache
    near: Near
    bell: Doorbell
    limiter: RateLimiter
    breaker: Breaker
    database: Database
    gateways: Gateways

    def close(self) -> None:
        """Close the connections of this process, once what has been committed is rung for."""
        self.database.close()
        self.bell.close()
        self.cache.close()
        self.gateways.close()


def build(settings: Settings, clock: Clock | None = None) -> Parts:
    """Build the parts; connects to nothing yet."""
    clock = clock or SystemClock(settings.clock_file)
    keys = KeyRing(settings.encryption_keys)
    client, guard = connect(settings.redis_url), Guard()
    near, bell = Near(), Doorbell(client, guard)
    cache = RedisCache(client, guard, near)
    limiter = RateLimiter(client, guard, settings.calls_a_minute)
    breaker = Breaker(client, guard, clock)
    database = Database(
        open_engine(settings.database_url),
        clock=clock,
        cache=cache,
        keys=keys,
        handlers=discovery.handler_names(),
        ring=bell.soon,
        breakers=breaker,
        base_url=settings.base_url,
    )
    gateways = open_gateways(
        settings.shopify_admin_url,
        settings.service_urls,
        settings.base_url,
        settings.trusted_ca,
    )
    return Parts(settings, clock, keys, cache, near, bell, limiter, breaker, database, gateways)
