"""The pages of a shop on which a widget can be shown, and the theme's templates of them."""

EVERYWHERE = "everywhere"
# Placement -> the template that the theme editor opens.
TEMPLATES = {
    "home_page": "index",
    "product_page": "product",
    "collection_page": "collection",
    "cart_page": "cart",
    "account_page": "customers/account",
}
PLACEMENTS = (EVERYWHERE, *TEMPLATES)


def placement_of(template: str) -> str:
    """The placement of a template (`product`, `customers/account`, `product.special`); everywhere
    for a page that has none of its own."""
    if template.startswith("customers/"):
        return "account_page"
    plain = template.partition(".")[0]
    return next((place for place, name in TEMPLATES.items() if name == plain), EVERYWHERE)
