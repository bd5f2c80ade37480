"""What shoppers see of a feature inside their shop: widgets, and pages inside the shop's theme."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.core.context import Context


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a widget: the shop, and the member when one is signed in. A customer who signed
    in but is not known yet is `signed_in` without a `customer_id`; `external_id` is the store's own
    number for them. `root` begins the addresses of the shop in the visitor's language, e.g. `/ar`,
    or is empty. `before` asks for what is older than that entry, where a list is long; `order` is
    the store's number of the order that was just placed; `device` is what the browser seems to run
    on: "apple", "android" or "other"."""

    shop: str
    path_prefix: str
    root: str
    customer_id: str | None
    signed_in: bool
    store_id: str
    external_id: str | None
    before: int | None = None
    order: str | None = None
    device: str = "other"


@dataclass(frozen=True, slots=True)
class Widget:
    """widgets/<name>/widget.py: WIDGET = Widget(...). `load` gives the values of `fragment.html`;
    `title`, marked with N_, is what merchants call the widget; `tags` names the cache tags that a
    cached fragment of this visitor depends on. One for the `checkout` has no fragment, nor tags:
    what `load` gives is answered as JSON. One that is drawn `by_device` is kept for each kind of
    device."""

    load: Callable[[Context, Visitor], Mapping[str, Any]]
    title: tuple[str, str]
    tags: Callable[[Visitor], tuple[str, ...]] = lambda _: ()
    checkout: bool = False
    by_device: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """That somebody looked at a page: a keyed hash of their browser and network, the last word of
    the address, and the member who is signed in."""

    who: bytes
    name: str
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class ProxyPage:
    """public.py: PROXY_PAGES = (ProxyPage(...),): a page inside the shop's theme, for everybody, at
    `/apps/loyalnest/<path>/<name>`.

    `load` gives the values of `template` (in the feature's `templates/`) for a visitor, the name
    and what else the address says (all text). The values are the same in every language, for one
    answer may hold them all; the template words them. Its form is sent to the page's own address
    and carries out the row whose `proxy` is `action`, with the name as the field `named`; the page
    is then shown again with the row's `answer`, or with a `notice` of why it failed. `load` is told
    the answer's `claim_id` as `claim`. `seen` hears of every look by what seems to be no machine,
    in a transaction of its own.
    """

    path: str
    load: Callable[[Context, Visitor, str, Mapping[str, str]], Mapping[str, Any]]
    template: str
    action: str
    named: str
    seen: Callable[[Context, Seen], None]
