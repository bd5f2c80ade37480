"""Renders pages the way Shopify does: layout, JSON templates, sections, and app blocks from our
real theme extension in the slots a template gives them.

Like Shopify's Liquid it escapes nothing by itself; themes write `| escape`. Translations are
escaped, and so are the values put into them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TextIO

from liquid import RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import Identifier, StringLiteral, parse_primitive
from liquid.builtin.tags.render_tag import RenderNode, RenderTag
from liquid.exceptions import LiquidSyntaxError
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_TAG, Token
from markupsafe import escape

from webapp.core.liquid.blocks import Files, block_settings
from webapp.core.liquid.filters import PAGE
from webapp.demo.theme_files import ThemeFiles

_APP_BLOCK = re.compile(r"shopify://apps/[^/]+/blocks/([a-z0-9_-]+)/[^/]+")
_AVAILABLE_IF = re.compile(r"\{\{(.*)\}\}")
_APP_HEAD = "<!-- app block assets -->"
_NO_LAYOUT = re.compile(r"\{%-?\s*layout\s+none\s*-?%\}")


class AppBlock(dict[str, object]):
    """A block of our extension as a section sees it; `{% render block %}` renders it."""


class Page:
    """One page while it is rendered: the objects Liquid sees, and the assets its blocks ask for."""

    def __init__(self, storefront: "Storefront", scope: Mapping[str, object], locale: str) -> None:
        self.storefront = storefront
        self.locale = locale
        self.scope: dict[str, object] = {**scope, PAGE: self}
        self._head: dict[str, None] = {}

    def section(self, section_id: str, config: Mapping[str, object]) -> str:
        """The HTML of one section with its settings and blocks, in Shopify's wrapper."""
        kind = str(config["type"])
        schema = self.storefront.theme.schema(f"sections/{kind}.liquid")
        drop = {
            "id": section_id,
            "type": kind,
            "settings": block_settings(schema, config),
            "blocks": list(self._blocks(schema, config)),
        }
        template = self.storefront.theme.environment.get_template(f"sections/{kind}")
        inner = template.render(**self.scope, section=drop)
        tag = str(schema.get("tag") or "div")
        classes = f"shopify-section {schema.get('class') or ''}".strip()
        return f'<{tag} id="shopify-section-{section_id}" class="{classes}">{inner}</{tag}>'

    def app_block(self, block: AppBlock, section_id: object) -> str:
        """The HTML of one block of our extension; nothing when the extension has no such block."""
        extension = self.storefront.extension
        name = str(block["name"])
        source = extension.folder.read(f"blocks/{name}.liquid")
        if source is None or not self._wanted or not self._available(source.schema):
            return ""
        self._want_assets(source.schema)
        settings = self._filled(block_settings(source.schema, block))
        drop = {**block, "settings": settings, "shopify_attributes": ""}
        scope = {**self.scope, "block": drop, "section": {"id": section_id}}
        inner = extension.environment.get_template(f"blocks/{name}").render(**scope)
        tag = str(source.schema.get("tag") or "div")
        classes = f"shopify-block shopify-app-block {source.schema.get('class') or ''}".strip()
        return f'<{tag} id="shopify-block-{block["id"]}" class="{classes}">{inner}</{tag}>'

    def embed(self, block: Mapping[str, object]) -> str:
        """The HTML of an app embed, which stands at the end of the page and in no section."""
        app = _APP_BLOCK.fullmatch(str(block["type"]))
        if app is None:
            return ""
        settings = _mapping(block.get("settings"))
        return self.app_block(AppBlock(id=block["id"], name=app[1], settings=settings), None)

    @property
    def _wanted(self) -> bool:
        """Whether the page shows blocks of apps."""
        return bool(_mapping(self.scope.get("demo_shop")).get("apps", True))

    def app_head(self) -> str:
        """What the rendered blocks need in `<head>`, each file once."""
        return "\n".join(self._head)

    def _blocks(
        self, schema: Mapping[str, object], config: Mapping[str, object]
    ) -> Iterator[Mapping[str, object]]:
        blocks = _mapping(config.get("blocks"))
        order = config.get("block_order")
        for block_id in order if isinstance(order, list) else blocks:
            block = _mapping(blocks.get(str(block_id)))
            if not block or block.get("disabled"):
                continue
            app = _APP_BLOCK.fullmatch(str(block["type"]))
            if app:
                yield AppBlock(
                    type="@app", id=block_id, name=app[1], settings=block.get("settings") or {}
                )
            else:
                settings = block_settings(_block_schema(schema, block["type"]), block)
                yield {**block, "id": block_id, "settings": settings, "shopify_attributes": ""}

    def _filled(self, settings: Mapping[str, object]) -> dict[str, object]:
        """Settings whose value is taken from elsewhere, as a template writes it: `{{ ... }}`."""
        render = self.storefront.extension.environment.render
        return {
            name: render(value, **self.scope)
            if isinstance(value, str) and value.startswith("{{")
            else value
            for name, value in settings.items()
        }

    def _available(self, schema: Mapping[str, object]) -> bool:
        condition = _AVAILABLE_IF.search(str(schema.get("available_if") or ""))
        if condition is None:
            return True
        # Shopify shows the block only when the app-data metafield is there and true.
        test = f"{{% if {condition[1].strip()}.value == true %}}yes{{% endif %}}"
        return self.storefront.extension.environment.render(test, **self.scope) == "yes"

    def _want_assets(self, schema: Mapping[str, object]) -> None:
        side = self.storefront.extension.side
        if schema.get("stylesheet"):
            url = escape(side.asset_url(str(schema["stylesheet"])))
            self._head[f'<link rel="stylesheet" href="{url}" media="all">'] = None
        if schema.get("javascript"):
            url = escape(side.asset_url(str(schema["javascript"])))
            self._head[f'<script src="{url}" async></script>'] = None


class Storefront:
    """Theme and extension together."""

    def __init__(self, theme: Files, extension: Files, files: ThemeFiles) -> None:
        self.theme = theme
        self.extension = extension
        self.files = files

    def render(self, template: str, scope: Mapping[str, object], locale: str) -> str:
        """The page of a JSON template (`product`, `customers/account`), inside the layout."""
        layout = self.files.parsed(f"templates/{template}.json")
        page = Page(self, scope, locale)
        content = "\n".join(
            page.section(section_id, layout["sections"][section_id])
            for section_id in layout["order"]
            if not layout["sections"][section_id].get("disabled")
        )
        return self._in_layout(page, content)

    def render_liquid(self, text: str, scope: Mapping[str, object], locale: str) -> str:
        """An App Proxy answer of type application/liquid, in the layout unless it forbids it."""
        page = Page(self, scope, locale)
        bare = _NO_LAYOUT.sub("", text)
        content = self.theme.environment.render(bare, **page.scope)
        return content if bare != text else self._in_layout(page, content)

    def _in_layout(self, page: Page, content: str) -> str:
        embeds = "".join(page.embed(block) for block in self.files.embeds())
        header = f"{page.scope.get('content_for_header', '')}\n{_APP_HEAD}"
        scope = {**page.scope, "content_for_header": header, "content_for_layout": content}
        page.scope = scope
        html = self.theme.environment.get_template("layout/theme").render(**scope)
        html = html.replace(_APP_HEAD, page.app_head(), 1)
        return html.replace("</body>", f"{embeds}</body>", 1)


def _block_schema(schema: Mapping[str, object], kind: object) -> Mapping[str, object]:
    declared = schema.get("blocks")
    for block in declared if isinstance(declared, list) else ():
        if block.get("type") == kind:
            return _mapping(block)
    return {}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


class _SectionNode(Node):
    """`{% section 'header' %}`: a section with nothing but its defaults."""

    def __init__(self, token: Token, name: str) -> None:
        super().__init__(token)
        self.name = name
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        page: Page = context.globals[PAGE]  # type: ignore[assignment]
        return buffer.write(page.section(self.name, {"type": self.name}))


class _SectionTag(Tag):
    name = "section"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        found = parse_primitive(self.env, stream.into_inner(tag=token, eat=False))
        if not isinstance(found, StringLiteral):
            raise LiquidSyntaxError("expected the name of a section", token=token)
        return _SectionNode(token, found.value)


class _RenderNode(RenderNode):
    """`{% render block %}` renders an app block, everything else is the ordinary tag."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if isinstance(self.name, Identifier):
            block = context.resolve(self.name, token=self.token, default=None)
            if isinstance(block, AppBlock):
                page: Page = context.globals[PAGE]  # type: ignore[assignment]
                section = context.resolve("section", default={})
                return buffer.write(page.app_block(block, _mapping(section).get("id")))
        return super().render_to_output(context, buffer)


class _RenderTag(RenderTag):
    node_class = _RenderNode


# What a theme may say besides what an extension may.
THEME_TAGS: tuple[type[Tag], ...] = (_SectionTag, _RenderTag)
