"""The bar at the edge of the window, chosen colours, and panels that fill themselves."""

import pytest
from playwright.sync_api import Page, expect

from tests.widgets.shop_server import Answer, Shop
from tests.widgets.storefront import Block, block, member
from webapp.core import i18n

# pytest-playwright 0.10 declares a fixture in a way that pytest 10 will not take any more.
pytestmark = pytest.mark.filterwarnings("ignore:.*instance methods:pytest.PytestRemovedIn10Warning")
# A long page of a shop, with something to reach at its very end.
LONG = "".join(f'<p><a href="#{n}">Shelf {n}</a></p>' for n in range(60))
END = '<footer><a id="last" href="#end">The end of the page</a></footer>'
FRAGMENT = (
    '<div class="ln-fragment" lang="en" dir="ltr"><h3 class="ln-fragment__title">Yours</h3>'
    '<div class="ln-wallet"><p class="ln-wallet__balance">{} points to spend '
    '<span class="ln-tag">Gold</span></p></div><form hx-get="/apps/loyalnest/actions/redeem" '
    'hx-target="closest .ln-fragment" hx-select=".ln-fragment" hx-swap="outerHTML">'
    "<button>Redeem</button></form></div>"
)
SPENT = FRAGMENT.format(90)


def opened(page: Page, shop: Shop, bar: str, width: int = 390) -> None:
    """A long page with the bar as an app embed at the end of its body."""
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(shop.show(f"{LONG}{END}<div>{bar}</div>"))
    page.locator("#below").evaluate("each => each.remove()")


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return {**found}


@pytest.mark.parametrize("tag", i18n.LOCALES)
@pytest.mark.parametrize("customer", [member(12_340), None], ids=["member", "guest"])
def test_the_bar_never_covers_the_end_of_a_page(
    page: Page, shop: Shop, tag: str, customer: object
) -> None:
    opened(page, shop, block(tag, widget="sticky_bar").render(customer), width=320)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = box(page, "#last")
    assert last["y"] + last["height"] <= box(page, ".ln-bar")["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_gets_the_focus_is_not_behind_the_bar(page: Page, shop: Shop) -> None:
    opened(page, shop, block("en", widget="sticky_bar").render(member(7)))
    for _ in range(40):
        page.keyboard.press("Tab")
    focused = box(page, ":focus")
    assert focused["y"] + focused["height"] <= box(page, ".ln-bar")["y"]


def test_the_bar_says_the_balance_that_an_answer_told(page: Page, shop: Shop) -> None:
    shop.answers = [Answer(body=SPENT), Answer(body=FRAGMENT.format(40))]
    opened(page, shop, block("en", widget="sticky_bar").render(member(340)))
    expect(page.locator(".ln-bar__points")).to_have_text("340 points to spend")
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-bar__points")).to_have_text("90 points to spend")
    page.get_by_role("button", name="Redeem").click()
    expect(page.locator(".ln-bar__points")).to_have_text("40 points to spend")


@pytest.mark.parametrize("widget", ["points_display", "sticky_bar"])
def test_a_script_that_cannot_be_loaded_is_said_and_asked_for_again(
    page: Page, shop: Shop, widget: str
) -> None:
    shop.missing = {"panel.js"}
    opened(page, shop, block("en", widget=widget).render(member(7)))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel__failed")).to_be_visible()
    shop.missing = set()
    page.locator(".ln-panel__retry").click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    expect(page.locator(".ln-panel__failed")).to_be_hidden()
    expect(page.locator(".ln-toggle")).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(
    "entry", [{"background": "#000000"}, {"text": "#ffffff"}], ids=["background", "text"]
)
def test_a_chosen_colour_holds_whatever_the_theme_says(
    page: Page, shop: Shop, entry: dict[str, object]
) -> None:
    shop.answers = [Answer(body=SPENT)]
    theme = "<style>h2, h3, p, a, button { color: #222 }</style>"
    html = Block("en", config={"points_display": entry}).render(member(7))
    page.goto(shop.show(html, theme))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    background = "e => getComputedStyle(e).backgroundColor"
    assert page.locator(".ln-points").evaluate(background) == "rgb(0, 0, 0)"
    colours = "all => [...new Set(all.map(e => getComputedStyle(e).color))]"
    assert page.locator(".ln-points :is(h2, h3, p, a, button, span)").evaluate_all(colours) == [
        "rgb(255, 255, 255)"
    ]


def test_a_revealed_panel_is_filled_once_when_it_comes_into_view(page: Page, shop: Shop) -> None:
    call = "{% render 'ln-panel', widget: 'x', id: 'b', label: 'More', page: 'p', revealed: true %}"
    urls = 'data-ln="/assets/panel.js" data-htmx="/assets/htmx.min.js"'
    html = f'<section class="ln-points" {urls}>{Block("en").snippet(call)}</section>'
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(shop.show(f'<div style="block-size: 3000px"></div>{html}'))
    page.wait_for_load_state("networkidle")
    assert not any("htmx" in path or path.startswith("/apps/") for path in shop.asked)
    page.locator(".ln-panel").scroll_into_view_if_needed()
    expect(page.locator(".ln-fragment")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    page.locator(".ln-panel").scroll_into_view_if_needed()
    expect(page.locator(".ln-panel")).to_be_visible()
    assert sum(path.startswith("/apps/") for path in shop.asked) == 1
