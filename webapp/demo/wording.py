"""The theme's translations, as the `t` filter finds them: in the catalogs of LoyalNest."""

from collections.abc import Mapping

from markupsafe import Markup, escape

from webapp.core.liquid.wording import AssetFolder, missing, plain
from webapp.demo import catalogue


class ThemeSide(AssetFolder):
    """The theme: its sentences are declared in `catalogue.STRINGS`."""

    def say(self, tag: str, key: str, values: Mapping[str, object]) -> Markup:
        """The sentence, with `%(name)s` filled from the filter's arguments."""
        shown = {name: plain(value) for name, value in values.items()}
        found = catalogue.say(tag, key, **shown)
        return escape(found) if found is not None else missing(tag, key)
