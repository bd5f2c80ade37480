"""How a widget is configured, and what stores are told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from webapp.core import discovery, i18n
from webapp.core.errors import Kind
from webapp.core.i18n import N_
from webapp.core.messages import Id, LocaleTag

MOST_HEADING = 80
TEST_RUNNING = Kind(
    "test_running",
    409,
    "FAILED_PRECONDITION",
    *N_("error.test_running", "An A/B test of this widget is running. End it first."),
)
NOTHING_TO_TEST = Kind(
    "nothing_to_test",
    409,
    "FAILED_PRECONDITION",
    *N_("error.nothing_to_test", "Both versions are the same. Change something for version B."),
)
Placement = Literal[
    "everywhere", "home_page", "product_page", "collection_page", "cart_page", "account_page"
]
Colour = Annotated[
    str,
    Field(description="`#rrggbb`; absent: the theme's own."),
    StringConstraints(pattern=r"^#[0-9a-f]{6}$", to_lower=True),
]
WidgetName = Annotated[
    Id,
    Field(
        description="One of our widgets, e.g. `rewards_panel`.",
        json_schema_extra={"enum": list(discovery.widget_names())},
    ),
]
Language = Annotated[str, Field(json_schema_extra={"enum": list(i18n.LOCALES)})]
# One line that does not begin with a blank of any kind.
Heading = Annotated[
    str,
    StringConstraints(
        max_length=MOST_HEADING,
        pattern=r"^[^\u0000-\u0020\u007f-\u00a0\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]"
        r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$",
    ),
]


@dataclass(frozen=True, slots=True)
class WidgetTexts:
    """What a widget says in one language in the place of our own words."""

    heading: Heading


@dataclass(frozen=True, slots=True)
class WidgetConfig:
    """Where a widget is shown and what it looks like. What is absent follows the theme, or our
    default. A setting that is made on the block itself, in the theme editor, comes first."""

    widget: WidgetName
    placement: Placement = "everywhere"
    accent: Colour | None = None
    background: Colour | None = None
    text: Colour | None = None
    corner: Literal["square", "soft", "round"] | None = None
    guests: Literal["show", "hide"] | None = None
    position: Annotated[
        Literal["bottom", "bottom_start", "bottom_end"] | None,
        Field(description="Of the sticky bar; of no meaning to the others."),
    ] = None
    texts: Annotated[
        Mapping[Language, WidgetTexts], Field(description="By language tag, e.g. `ja`.")
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigureTheme:
    """A widget's whole configuration, in the place of the one it had."""

    merchant_id: Annotated[Id, Field(description="The account that the key belongs to.")]
    theme_extension_config: WidgetConfig
    locale: LocaleTag | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """What a merchant should know of a configuration that was taken nevertheless."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A widget as it will be shown: `html` is what the theme will contain for a signed-in customer,
    rendered in `locale`; `warnings` are those of its colours."""

    widget: str
    placement: str
    locale: str
    dir: str
    html: str
    revision: int
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class ThemeConfigured:
    """The preview of what was saved. The stores show it within seconds."""

    preview: Preview


@dataclass(frozen=True, slots=True)
class ThemeCall:
    """What a call to a store's Admin API for its theme needs; `configuration` is what the blocks
    are to read, of `revision`."""

    store_id: str
    shop_domain: str
    access_token: str = field(repr=False)
    revision: int
    configuration: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ThemeSeen:
    """A published theme: its name and file name -> content; or why it could not be read."""

    name: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StoreState:
    """What is known of one store: the revision that it shows, and which of our blocks its published
    theme had when it was looked at; None before that. `api_key` is that of the store's app."""

    store_id: str
    shop_domain: str
    api_key: str
    connected: bool
    revision: int | None
    theme_name: str | None
    blocks: tuple[Mapping[str, Any], ...]
    looked_at: datetime | None
    problem: str | None
