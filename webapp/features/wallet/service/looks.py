"""What all cards of a merchant have in common, and the template that is made of it once."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from webapp.core import discovery
from webapp.core.context import Context
from webapp.core.programme import Named, Priced
from webapp.features.wallet.domain.archive import Template
from webapp.features.wallet.domain.images import apple_images, google_hero, google_logo
from webapp.features.wallet.domain.pass_json import Facts, Look
from webapp.features.wallet.domain.words import language_files
from webapp.features.wallet.messages import Design
from webapp.features.wallet.queries.cards import Shop, Standing, shop_of
from webapp.features.wallet.queries.designs import Designed, designed, picture

# Where a shop's pages of ours are.
PROXY_PATH = "/apps/loyalnest"
# A template is a third of a megabyte.
_MOST_TEMPLATES = 64
_templates: OrderedDict[str, Template] = OrderedDict()
_MOST_DRAWN = 256
_drawn: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Common:
    """Everything that the cards of one store have in common."""

    shop: Shop
    designed: Designed
    look: Look
    tiers: Sequence[Named]
    rewards: Sequence[Priced]

    @property
    def design(self) -> Design:
        return self.designed.design


def common(ctx: Context, store_id: str, shown: Designed | None = None) -> Common:
    """What cards of a store look like, with the newest design or the one that is `shown`."""
    found, shop = shown or designed(ctx), shop_of(ctx, store_id)
    programme, design = discovery.programme(), found.design
    look = Look(
        shop=design.name or shop.name,
        shop_url=f"https://{shop.shop_domain}",
        background=design.background,
        foreground=design.foreground,
        label=design.label,
        tier=design.tier,
        next_reward=design.next_reward,
        since=design.since,
        terms=bool(design.terms),
        logo=bool(found.logo),
    )
    return Common(shop, found, look, programme.tiers(ctx), programme.rewards(ctx, store_id))


def facts_of(of: Common, standing: Standing, code: str | None) -> Facts:
    """What a member's card says."""
    beyond = [one for one in of.rewards if one.points > standing.points]
    nearest = min(beyond, key=lambda one: one.points, default=None)
    known = {one.id for one in of.tiers}
    return Facts(
        points=standing.points,
        tier=standing.tier if standing.tier in known else None,
        next_reward=nearest.id if nearest else None,
        missing=nearest.points - standing.points if nearest else 0,
        since=standing.since,
        invite=f"https://{of.shop.shop_domain}{PROXY_PATH}/r/{code}" if code else None,
        code=code,
    )


def template_of(ctx: Context, of: Common) -> Template:
    """The template of these cards, made at the first of them and kept."""
    said = repr((ctx.merchant_id, of.look, of.designed, of.tiers, of.rewards))
    key = hashlib.sha256(said.encode()).hexdigest()
    with _lock:
        kept = _templates.get(key)
        if kept is not None:
            _templates.move_to_end(key)
            return kept
    made = Template({**_pictures(ctx, of), **_languages(of)})
    with _lock:
        _templates[key] = made
        while len(_templates) > _MOST_TEMPLATES:
            _templates.popitem(last=False)
    return made


def google_picture(ctx: Context, found: Designed, name: str) -> bytes:
    """`logo` or `hero`, as Google fetches it; drawn once, and kept for as long as it is fetched."""
    key = (ctx.merchant_id, fingerprint_of(found), name)
    with _lock:
        kept = _drawn.get(key)
    if kept is None:
        design, (logo, strip) = found.design, _own(ctx, found)
        colours = (design.background, design.foreground)
        kept = google_logo(*colours, logo) if name == "logo" else google_hero(*colours, strip)
        with _lock:
            _drawn[key] = kept
            while len(_drawn) > _MOST_DRAWN:
                _drawn.popitem(last=False)
    return kept


def fingerprint_of(found: Designed) -> str:
    """What tells the pictures of one design from those of another."""
    design = found.design
    seen = f"{design.background}{design.foreground}{found.logo}:{found.strip}"
    return hashlib.sha256(seen.encode()).hexdigest()[:12]


def _pictures(ctx: Context, of: Common) -> dict[str, bytes]:
    design = of.design
    return apple_images(design.background, design.foreground, *_own(ctx, of.designed))


def _own(ctx: Context, found: Designed) -> tuple[bytes | None, bytes | None]:
    """The merchant's own logo and strip."""
    logo = picture(ctx, "logo", found.logo) if found.logo else None
    return logo, picture(ctx, "strip", found.strip) if found.strip else None


def _languages(of: Common) -> dict[str, bytes]:
    return language_files(of.look.shop, of.tiers, of.rewards, of.design.terms)
