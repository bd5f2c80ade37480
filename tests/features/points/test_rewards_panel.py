"""The widget rewards_panel: what members and guests see, and what it costs them."""

from collections.abc import Iterator
from gzip import compress
from html.parser import HTMLParser

import pytest

from tests.features.points.rewarding import END, Rewarding
from tests.standins import Standins
from webapp.core import i18n
from webapp.core.contract import Visitor
from webapp.features.points.widgets.rewards_panel import widget
from webapp.parts import Parts

# A full panel: eight rewards and three codes.
MOST_BYTES, MOST_COMPRESSED = 12_288, 2_600


@pytest.fixture
def shop(held: Parts, standins: Standins) -> Rewarding:
    """Customer 7 holds 600 points."""
    made = Rewarding(held, standins)
    made.credit(made.member("7"), 600)
    return made


class Tags(HTMLParser):
    """Every element, and whether all of them are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "input":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.found if name == tag)


def test_a_guest_sees_the_rewards_and_how_to_sign_in(shop: Rewarding) -> None:
    shop.reward()
    page = shop.fragment("")
    assert "Five off" in page and "500 points" in page and "$5.00 off" in page
    assert 'href="/account/login"' in page
    assert "<button" not in page and "<progress" not in page


def test_a_customer_we_have_not_met_sees_the_rewards(shop: Rewarding) -> None:
    shop.reward()
    page = shop.fragment("99")
    assert "Five off" in page and "0 points to spend" in page
    assert "<button" not in page


def test_a_member_redeems_what_they_can_and_sees_what_is_missing(shop: Rewarding) -> None:
    reward = shop.reward(500)
    shop.reward(720, kind="percentage", percent=15, minimums={"USD": 3_000})
    page = shop.fragment()
    tags = Tags(page)
    assert [b["value"] for b in tags.all("button")] == [reward]
    assert [(p["max"], p["value"]) for p in tags.all("progress")] == [("720", "600")]
    assert "120 more points" in page
    assert "15% off · from $30.00" in page


def test_forms_go_through_the_shop_and_need_no_dialogue(shop: Rewarding) -> None:
    shop.reward()
    (form,) = Tags(shop.fragment(locale="ar")).all("form")
    assert form["hx-post"] == "/apps/loyalnest/actions/redeem?locale=ar&root="
    assert form["action"] == form["hx-post"]
    assert not {"hx-confirm", "onsubmit"} & set(form)


def test_it_is_asked_again_only_while_something_is_on_its_way(shop: Rewarding) -> None:
    had = shop.have(shop.reward(100))
    waiting = shop.fragment()
    assert 'hx-get="/apps/loyalnest/widgets/rewards_panel?locale=en&amp;root="' in waiting
    assert "Being prepared" in waiting and shop.code(had) not in waiting
    shop.send()
    ready = shop.fragment()
    assert "hx-get" not in ready
    assert f'href="/discount/{shop.code(had)}?redirect=/cart"' in ready
    assert f'data-copy="{shop.code(had)}"' in ready
    shop.give_up(had)
    assert "hx-get" in shop.fragment()
    shop.send(END)
    ended = shop.fragment()
    assert "hx-get" not in ended and "Given back" in ended
    shop.clock.advance(days=15)
    assert "Given back" not in shop.fragment()


def test_two_codes_can_be_given_back_one_after_the_other(shop: Rewarding) -> None:
    reward = shop.reward(100)
    for _ in range(2):
        shop.have(reward)
    shop.send()
    seen = set()
    for _ in range(2):
        page = shop.fragment()
        buttons = [b for b in Tags(page).all("button") if b.get("name") == "redemption_id"]
        form = page.split("actions/cancel-redemption")[2]
        key = form.split('name="key" value="')[1].split('"')[0]
        assert shop.act("cancel-redemption", key=key, redemption_id=buttons[0]["value"]).json
        seen.add(key)
    states = [state for (state,) in shop.rows("select state from redemptions")]
    assert (states, len(seen)) == (["cancelling", "cancelling"], 2)


def test_a_code_of_another_shop_leads_there(shop: Rewarding) -> None:
    had = shop.have(shop.reward(100))
    shop.send()
    store_id = shop.add_store()
    shop.rows("update redemptions set store_id = :s returning 1", s=store_id)
    [(domain,)] = shop.rows("select shop_domain from stores where store_id = :s", s=store_id)
    page = shop.fragment()
    assert f'href="https://{domain}/discount/{shop.code(had)}?redirect=/cart"' in page


def test_merged_members_see_the_codes_of_both(shop: Rewarding) -> None:
    other = shop.member("9")
    shop.credit(other, 200)
    had = shop.have(shop.reward(100), "9")
    shop.send()
    [(home,)] = shop.rows("select customer_id from customer_identities where external_id = '7'")
    shop.merge(other, home)
    assert shop.code(had) in shop.fragment()
    shop.part(other, home)
    assert shop.code(had) not in shop.fragment()
    assert shop.code(had) in shop.fragment("9")


def test_what_has_run_out_says_so(shop: Rewarding) -> None:
    shop.reward(100, stock=0)
    page = shop.fragment()
    assert "Out of stock" in page and "<button" not in page


def test_an_empty_catalogue_is_no_hole(shop: Rewarding) -> None:
    assert "There is nothing to choose yet." in shop.fragment()


@pytest.mark.parametrize(
    ("customer", "locale"), [*(("7", tag) for tag in i18n.LOCALES), ("", "en"), ("", "he")]
)
def test_a_full_panel_is_sound_and_small(shop: Rewarding, locale: str, customer: str) -> None:
    rewards = [shop.reward(100 * n, minimums={"USD": 3_000}) for n in range(1, 9)]
    for _ in range(3):
        shop.have(rewards[0])
    shop.send()
    page = shop.fragment(customer, locale)
    assert f'lang="{locale}" dir="{i18n.direction(locale)}"' in page
    tags = Tags(page)
    assert tags.open == []
    assert all(p["aria-label"] for p in tags.all("progress"))
    assert "%(" not in page and "style=" not in page
    assert len(page.encode()) <= MOST_BYTES
    assert len(compress(page.encode(), 9)) <= MOST_COMPRESSED


def test_names_are_escaped(shop: Rewarding) -> None:
    shop.reward()
    sql = "update rewards set names = jsonb_build_object('en', cast(:n as text)) returning 1"
    shop.rows(sql, n="<img src=x>")
    assert "<img" not in shop.fragment()


def test_other_parts_of_the_programme_add_sections(
    shop: Rewarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(shop.tenant.shop, "/apps/loyalnest", "", None, False, shop.store_id, None)
    told = widget.Section(lambda ctx, visitor: {"shop": visitor.shop}, "some.html")
    silent = widget.Section(lambda ctx, visitor: None, "other.html")
    monkeypatch.setattr(widget, "SECTIONS", (told, silent))
    with shop.open() as ctx:
        values = widget.load(ctx, visitor)
    assert values["sections"] == [("some.html", {"shop": shop.tenant.shop})]
