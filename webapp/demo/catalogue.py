"""What the invented shops "Nest & Bloom" and "Fjord & Fern" sell, and every sentence their theme
says.

Products keep their English names in every language, as they would in a shop whose owner has not
had them translated; the theme marks them `lang="en"`.
"""

from dataclasses import dataclass

from webapp.core import i18n
from webapp.core.i18n import N_


@dataclass(frozen=True, slots=True)
class Product:
    """One thing to buy; `price` in whole units of the shop's currency, `euros` where that is the
    euro (taxes included, as there); `id` is its variant too."""

    id: int
    handle: str
    title: str
    kind: str
    price: int
    euros: int
    description: str
    details: tuple[str, ...]


PRODUCTS = (
    Product(
        4001,
        "fern-in-ribbed-pot",
        "Boston Fern in a Ribbed Pot",
        "Plants",
        38,
        36,
        "A generous fern that softens the light of any north window, at home in a hand-thrown "
        "terracotta pot with a saucer.",
        ("Plant about 45 cm tall", "Pot 18 cm, with saucer", "Likes shade and a weekly bath"),
    ),
    Product(
        4002,
        "speckled-pitcher",
        "Speckled Stoneware Pitcher",
        "Table",
        46,
        44,
        "Thrown in small batches from iron-flecked clay and dipped in terracotta glaze. Made for "
        "water, milk, or the last stems of the garden.",
        ("Holds 1.2 litres", "Dishwasher safe", "No two are alike"),
    ),
    Product(
        4003,
        "washed-linen-throw",
        "Washed Linen Throw",
        "Textiles",
        64,
        59,
        "Stonewashed European flax with a knotted fringe. Cool in July, warm in January, and "
        "softer after every wash.",
        ("130 x 180 cm", "100 % European flax", "Machine wash at 40 degrees"),
    ),
    Product(
        4004,
        "cedar-fig-candle",
        "Cedar & Fig Candle",
        "Scent",
        28,
        26,
        "Rapeseed wax and a cotton wick in amber glass. Green fig first, then dry cedar and a "
        "little smoke: an evening with the door open.",
        (
            "Burns for about 45 hours",
            "Vegan, without paraffin",
            "The glass is a fine tumbler later",
        ),
    ),
    Product(
        4005,
        "oak-plant-stand",
        "Oak Plant Stand",
        "Furniture",
        72,
        69,
        "Solid oak, oiled by hand and held by joints instead of screws. Lifts a favourite plant "
        "into the light.",
        ("34 cm wide, 42 cm tall", "Carries 30 kg", "Pot not included"),
    ),
    Product(
        4006,
        "brass-watering-can",
        "Brass Watering Can",
        "Garden",
        54,
        52,
        "A narrow spout that reaches between leaves and never floods the sill. Unlacquered, so it "
        "ages with you.",
        ("Holds 1 litre", "Solid brass, unlacquered", "Polish it, or let it darken"),
    ),
    Product(
        4007,
        "trailing-pothos",
        "Trailing Pothos",
        "Plants",
        32,
        29,
        "The kindest of house plants, with vines that find their own way down. Comes in a ceramic "
        "cone on a cotton hanger.",
        ("Vines about 60 cm long", "Hanger 80 cm, cotton", "Forgives a forgotten week"),
    ),
    Product(
        4008,
        "seagrass-basket",
        "Seagrass Basket",
        "Storage",
        42,
        39,
        "Woven by a cooperative on the coast of Thai Binh. Sturdy enough for firewood, fine enough "
        "for the bedroom.",
        ("40 cm wide, 30 cm tall", "Two strong handles", "Wipe with a damp cloth"),
    ),
)


def price_in(product: Product, currency: str) -> int:
    """Whole units of that currency."""
    return product.euros if currency == "EUR" else product.price


BY_HANDLE = {product.handle: product for product in PRODUCTS}
BY_ID = {product.id: product for product in PRODUCTS}

_TEXTS = (
    N_("demo_shop.skip", "Skip to content"),
    N_("demo_shop.menu", "Main menu"),
    N_("demo_shop.home", "Home"),
    N_("demo_shop.all", "Shop all"),
    N_("demo_shop.language", "Language"),
    N_("demo_shop.about_demo", "About this demo"),
    N_("demo_shop.simulated", "Simulated orders"),
    N_("demo_shop.hero.title", "A calmer home, grown slowly"),
    N_(
        "demo_shop.hero.text",
        "Plants, pots and small comforts, made by people who care and chosen to last.",
    ),
    N_("demo_shop.hero.button", "See the collection"),
    N_("demo_shop.featured", "Favourites this season"),
    N_("demo_shop.values.care", "Grown with care"),
    N_("demo_shop.values.care_text", "Every plant spends a year with a grower we know by name."),
    N_("demo_shop.values.last", "Made to last"),
    N_("demo_shop.values.last_text", "Stoneware, oak, brass and linen that age beautifully."),
    N_("demo_shop.values.sent", "Sent without plastic"),
    N_("demo_shop.values.sent_text", "Packed in paper and straw, at your door in three days."),
    N_("demo_shop.product.add", "Add to cart"),
    N_("demo_shop.product.quantity", "Quantity"),
    N_("demo_shop.product.more", "One more"),
    N_("demo_shop.product.fewer", "One fewer"),
    N_("demo_shop.product.details", "Good to know"),
    N_("demo_shop.product.delivery", "Delivery and returns"),
    N_("demo_shop.product.delivery_text", "Sent within a day, and free to return for 30 days."),
    N_("demo_shop.product.related", "Goes well with"),
    N_("demo_shop.cart.title", "Your cart"),
    N_("demo_shop.cart.count", "%(num)s item", "%(num)s items"),
    N_("demo_shop.cart.empty", "Your cart is empty."),
    N_("demo_shop.cart.continue", "Continue shopping"),
    N_("demo_shop.cart.remove", "Remove"),
    N_("demo_shop.cart.update", "Update cart"),
    N_("demo_shop.cart.subtotal", "Subtotal"),
    N_("demo_shop.cart.buy", "Buy now"),
    N_("demo_shop.cart.free", "This is a demo shop: nothing is paid and nothing is sent."),
    N_("demo_shop.cart.failed", "The order could not be placed. Please try again."),
    N_("demo_shop.cart.code", "Discount code"),
    N_("demo_shop.cart.use_code", "Apply"),
    N_("demo_shop.cart.remove_code", "Remove code %(code)s"),
    N_("demo_shop.cart.discount", "Discount %(code)s"),
    N_("demo_shop.cart.shipping", "Shipping"),
    N_("demo_shop.cart.free_shipping", "Free"),
    N_("demo_shop.cart.tax", "Tax"),
    N_("demo_shop.cart.tax_included", "Tax, included"),
    N_("demo_shop.cart.total", "Total"),
    N_("demo_shop.code.unknown", "The code %(code)s is not known here."),
    N_("demo_shop.code.expired", "The code %(code)s has expired."),
    N_("demo_shop.code.early", "The code %(code)s cannot be used yet."),
    N_("demo_shop.code.customer", "The code %(code)s belongs to another customer."),
    N_("demo_shop.code.used", "The code %(code)s has been used already."),
    N_("demo_shop.code.minimum", "The code %(code)s is for larger orders."),
    N_("demo_shop.code.products", "The code %(code)s is for other products."),
    N_("demo_shop.thanks.title", "Thank you for your order"),
    N_("demo_shop.thanks.order", "Order %(number)s is placed."),
    N_("demo_shop.thanks.points", "Your points will be in your account in a moment."),
    N_("demo_shop.thanks.guest", "Sign in before your next order to earn points."),
    N_("demo_shop.account.title", "Your account"),
    N_("demo_shop.account.hello", "Hello, %(name)s"),
    N_("demo_shop.account.customer", "Customer %(id)s"),
    N_("demo_shop.account.sign_in", "Sign in"),
    N_("demo_shop.account.sign_out", "Sign out"),
    N_("demo_shop.orders.title", "Your orders"),
    N_("demo_shop.orders.none", "You have not bought anything here since this demo was made."),
    N_("demo_shop.orders.order", "Order"),
    N_("demo_shop.orders.date", "Date"),
    N_("demo_shop.orders.total", "Total"),
    N_("demo_shop.orders.state", "State"),
    N_("demo_shop.orders.paid", "Paid"),
    N_("demo_shop.orders.pending", "Not paid yet"),
    N_("demo_shop.orders.partially_refunded", "%(amount)s refunded"),
    N_("demo_shop.orders.refunded", "Refunded"),
    N_("demo_shop.orders.cancelled", "Cancelled"),
    N_("demo_shop.orders.away", "The orders cannot be shown just now."),
    N_("demo_shop.staff.title", "Demo: what the staff of the shop can do"),
    N_(
        "demo_shop.staff.text",
        "A real shop shows none of this to its customers. Points follow within seconds.",
    ),
    N_("demo_shop.staff.piece", "Refund a part"),
    N_("demo_shop.staff.rest", "Refund everything"),
    N_("demo_shop.staff.cancel", "Cancel the order"),
    N_("demo_shop.staff.order", "Order %(number)s"),
    N_("demo_shop.staff.done", "Done: %(number)s"),
    N_("demo_shop.staff.failed", "That could not be done."),
    N_("demo_shop.other.visit", "Visit our other shop, %(shop)s"),
    N_("demo_shop.other.same", "Visit %(shop)s as the same customer"),
    N_("demo_shop.login.text", "Choose a sample customer. There is no password here."),
    N_("demo_shop.login.number", "Or enter a customer number"),
    N_("demo_shop.login.wrong", "A customer number consists of digits only."),
    N_("demo_shop.missing.title", "We could not find this page"),
    N_("demo_shop.footer", "%(shop)s is an invented shop that shows LoyalNest at work."),
)
# Key -> (key, English) or (key, English for one, English for many).
STRINGS: dict[str, tuple[str, ...]] = {entry[0]: entry for entry in _TEXTS}


def say(tag: str, key: str, /, **values: object) -> str | None:
    """The sentence of `key` in that language, its plural chosen by `count`; None: no such key."""
    entry = STRINGS.get(key)
    if entry is None:
        return None
    if len(entry) == 2:
        return i18n.text(tag, key, entry[1], **values)
    count = values.pop("count", 0)
    number = count if isinstance(count, int) else 0
    return i18n.plural(tag, key, entry[1], entry[2], number, **values)
