"""Which of our blocks a theme's files have."""

import json

from webapp.features.theme.domain.blocks import PlacedBlock, blocks_in

TYPE = "shopify://apps/loyalnest/blocks/{}/0190-aa"


def template(block: str, **more: object) -> str:
    blocks = {"b1": {"type": TYPE.format(block), **more}}
    return json.dumps({"sections": {"main": {"type": "main", "blocks": blocks}}, "order": ["main"]})


def test_blocks_of_templates_and_embeds() -> None:
    settings = {"current": {"blocks": {"1": {"type": TYPE.format("sticky_bar"), "disabled": True}}}}
    found = blocks_in(
        {
            "templates/product.json": "/* Shopify says\nmind this */" + template("points_display"),
            "templates/customers/account.json": template("points_display", disabled=True),
            "sections/footer-group.json": template("rewards_panel"),
            "config/settings_data.json": json.dumps(settings),
        }
    )
    assert found == (
        PlacedBlock("points_display", "customers/account", False),
        PlacedBlock("points_display", "product", True),
        PlacedBlock("rewards_panel", "sections", True),
        PlacedBlock("sticky_bar", "embed", False),
    )


def test_a_section_that_is_switched_off_or_not_in_the_order_shows_nothing() -> None:
    off = json.loads(template("points_display"))
    off["sections"]["main"]["disabled"] = True
    left = {**json.loads(template("points_display")), "order": []}
    files = {"templates/cart.json": json.dumps(off), "templates/index.json": json.dumps(left)}
    assert [block.shown for block in blocks_in(files)] == [False, False]


def test_blocks_of_others_and_broken_files_are_passed_over() -> None:
    other = template("points_display").replace("apps/loyalnest", "apps/another")
    preset = json.dumps({"current": "Default"})
    files = {
        "templates/a.json": other,
        "templates/b.json": "{",
        "templates/c.json": "[]",
        "config/settings_data.json": preset,
    }
    assert blocks_in(files) == ()
