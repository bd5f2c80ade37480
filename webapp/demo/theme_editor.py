"""A small theme editor at the address of Shopify's: where merchants put the blocks of apps.

It understands the deep links of theme app extensions (`addAppBlockId` with `target`, and
`activateAppId`), and writes the shop's theme files as Shopify's does. Source: shopify.dev, "Theme
app extensions", configuration. Only what a person needs to try our blocks is here.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.core.liquid.blocks import Files, block_settings
from webapp.demo.settings import ShopConfig
from webapp.demo.theme_files import APP, EMBEDS, ThemeFiles

PATH = "/admin/themes/current/editor"
# Template -> what people call it, and the page that shows it.
TEMPLATES = {
    "index": ("Home page", "/"),
    "product": ("Products", "/products/fern-in-ribbed-pot"),
    "collection": ("Collections", "/collections/all"),
    "cart": ("Cart", "/cart"),
    "customers/account": ("Account", "/account"),
}
Change = Callable[["ThemeEditor", str, Mapping[str, str]], None]


class ThemeEditor:
    """The theme of one shop: what stands in it, and changes of it."""

    def __init__(self, files: ThemeFiles, extension: Files) -> None:
        self.files, self.extension = files, extension

    def kinds(self) -> list[str]:
        """The names of our blocks."""
        return sorted(path.stem for path in self.extension.folder.root.glob("blocks/*.liquid"))

    def schema(self, block: str) -> Mapping[str, Any]:
        return self.extension.schema(f"blocks/{block}.liquid")

    def is_embed(self, block: str) -> bool:
        return self.schema(block).get("target") in ("body", "head")

    def title(self, block: str) -> str:
        """What the block is called, in English."""
        name = str(self.schema(block).get("name") or block)
        return self._said(name)

    def blocks(self, template: str) -> Iterator[dict[str, Any]]:
        """Our blocks on a template, in their order."""
        content = self.files.parsed(f"templates/{template}.json")
        for section in content.get("order", ()):
            place = content["sections"][section]
            for key in place.get("block_order", ()):
                found = place["blocks"].get(key, {})
                if str(found.get("type", "")).startswith(f"{APP}/"):
                    yield self._shown(found, key, section)

    def embeds(self) -> list[dict[str, Any]]:
        """Our app embeds, switched on or off."""
        blocks = self._embeds_of(self.files.parsed(EMBEDS))
        known = {
            self._kind(block): {**self._shown(block, key, ""), "on": not block.get("disabled")}
            for key, block in blocks.items()
        }
        return [
            known.get(kind) or {"kind": kind, "title": self.title(kind), "on": False, "fields": []}
            for kind in self.kinds()
            if self.is_embed(kind)
        ]

    def add(self, template: str, said: Mapping[str, str]) -> None:
        """Put a block at the end of the section that the link names."""
        kind = self._known(said.get("block", ""))
        content = self.files.parsed(f"templates/{template}.json")
        section = self._section(content, said.get("target", ""))
        place = content["sections"][section]
        key = uuid.uuid4().hex[:12]
        place.setdefault("blocks", {})[key] = {
            "type": f"{APP}/{kind}/{uuid.uuid4()}",
            "settings": {},
        }
        place.setdefault("block_order", []).append(key)
        self.files.write(f"templates/{template}.json", content)

    def remove(self, template: str, said: Mapping[str, str]) -> None:
        content, place, key = self._place(template, said)
        del place["blocks"][key]
        place["block_order"].remove(key)
        self.files.write(f"templates/{template}.json", content)

    def move(self, template: str, said: Mapping[str, str]) -> None:
        """One place up."""
        content, place, key = self._place(template, said)
        order = place["block_order"]
        at = order.index(key)
        if at:
            order[at - 1 : at + 1] = [key, order[at - 1]]
        self.files.write(f"templates/{template}.json", content)

    def save(self, template: str, said: Mapping[str, str]) -> None:
        """The settings of a block, or of an app embed (without a section)."""
        if said.get("section"):
            content, place, key = self._place(template, said)
            place["blocks"][key]["settings"] = self._settings(place["blocks"][key], said)
            self.files.write(f"templates/{template}.json", content)
            return
        content = self.files.parsed(EMBEDS)
        block = self._embeds_of(content).get(said.get("key", "")) or abort(HTTPStatus.NOT_FOUND)
        block["settings"] = self._settings(block, said)
        self.files.write(EMBEDS, content)

    def switch(self, template: str, said: Mapping[str, str]) -> None:
        """An app embed on or off."""
        kind = self._known(said.get("block", ""))
        content = self.files.parsed(EMBEDS)
        blocks = content.setdefault("current", {}).setdefault("blocks", {})
        key = next((k for k, b in blocks.items() if self._kind(b) == kind), uuid.uuid4().hex[:12])
        found = blocks.setdefault(key, {"type": f"{APP}/{kind}/{uuid.uuid4()}", "settings": {}})
        found["disabled"] = said.get("on") != "yes"
        self.files.write(EMBEDS, content)

    def _shown(self, block: Mapping[str, Any], key: str, section: str) -> dict[str, Any]:
        kind = self._kind(block)
        values = block_settings(self.schema(kind), block)
        fields = [
            {
                **setting,
                "label": self._said(str(setting.get("label", ""))),
                "value": values.get(setting["id"]),
                "options": [
                    {**option, "label": self._said(str(option["label"]))}
                    for option in setting.get("options", ())
                ],
            }
            for setting in self.schema(kind).get("settings", ())
        ]
        title = self.title(kind)
        return {"kind": kind, "title": title, "key": key, "section": section, "fields": fields}

    def _settings(self, block: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
        """What the form says, of the settings that the block's schema has."""
        found: dict[str, Any] = {}
        for setting in self.schema(self._kind(block)).get("settings", ()):
            value = said.get(f"set-{setting['id']}", "").strip()
            if setting["type"] == "checkbox":
                found[setting["id"]] = value == "yes"
            elif value:
                found[setting["id"]] = value
        return found

    def _said(self, text: str) -> str:
        key = text.removeprefix("t:")
        return text if key == text else self.extension.side.schema_text(key)  # type: ignore[attr-defined]

    def _kind(self, block: Mapping[str, Any]) -> str:
        return str(block.get("type", "")).removeprefix(f"{APP}/").partition("/")[0]

    def _known(self, kind: str) -> str:
        return kind if kind in self.kinds() else abort(HTTPStatus.NOT_FOUND)

    def _section(self, content: Mapping[str, Any], target: str) -> str:
        """Where a link wants its block: the section with the theme's own content, or the one for
        blocks of apps."""
        sections = content["sections"]
        apps = next((key for key, one in sections.items() if one["type"] == "apps"), None)
        return str(
            "main" if apps is None or (target == "mainSection" and "main" in sections) else apps
        )

    def _place(
        self, template: str, said: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any], str]:
        content = self.files.parsed(f"templates/{template}.json")
        place = content.get("sections", {}).get(said.get("section", "")) or {}
        if said.get("key") not in place.get("blocks", {}):
            abort(HTTPStatus.NOT_FOUND)
        return content, place, said["key"]

    def _embeds_of(self, content: Mapping[str, Any]) -> dict[str, Any]:
        current = content.get("current")
        return dict(current.get("blocks", {})) if isinstance(current, Mapping) else {}


CHANGES: Mapping[str, Change] = {
    "add": ThemeEditor.add,
    "remove": ThemeEditor.remove,
    "move": ThemeEditor.move,
    "save": ThemeEditor.save,
    "switch": ThemeEditor.switch,
}


def create_blueprint(
    config: Callable[[], ShopConfig], files: ThemeFiles, extension: Files
) -> Blueprint:
    """The page and its forms."""
    blueprint = Blueprint("theme_editor", __name__, template_folder="templates")
    editor = ThemeEditor(files, extension)

    @blueprint.get(PATH)
    def page() -> ResponseReturnValue:
        template = _template(request.args)
        added = request.args.get("addAppBlockId", "").rpartition("/")[2]
        activated = request.args.get("activateAppId", "").rpartition("/")[2]
        html = render_template(
            "theme_editor.html",
            config=config(),
            templates=TEMPLATES,
            template=template,
            address=TEMPLATES[template][1],
            blocks=list(editor.blocks(template)),
            embeds=editor.embeds(),
            kinds=[(k, editor.title(k)) for k in editor.kinds() if not editor.is_embed(k)],
            added=added if added in editor.kinds() else "",
            title_of=editor.title,
            activated=activated,
            target=request.args.get("target", ""),
        )
        return html, {"Cache-Control": "no-store"}

    @blueprint.post(PATH)
    def change() -> ResponseReturnValue:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(HTTPStatus.FORBIDDEN)
        template = _template(request.form)
        work = CHANGES.get(request.form.get("change", "")) or abort(HTTPStatus.NOT_FOUND)
        work(editor, template, request.form)
        return redirect(f"{PATH}?{urlencode({'template': template})}", HTTPStatus.SEE_OTHER)

    return blueprint


def _template(said: Mapping[str, str]) -> str:
    named = said.get("template", "index")
    return named if named in TEMPLATES else "index"
