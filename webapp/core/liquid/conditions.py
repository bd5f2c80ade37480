"""`nil == blank` is true on Shopify, and so is `false == blank`; python-liquid says no to both.

Themes lean on it (`{% if section.settings.title != blank %}`), so `if` and `unless` compare as
Shopify does. `case` is left as the library has it.
"""

from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression
from liquid.builtin.expressions.logical import (
    EqExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank
from liquid.builtin.tags.if_tag import IfNode, IfTag
from liquid.builtin.tags.unless_tag import UnlessNode, UnlessTag
from liquid.context import RenderContext
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.undefined import is_undefined


class _TextOrNothing(Expression):
    """What is compared with `blank`: nothing and false become the empty text, which is blank."""

    def __init__(self, inner: Expression) -> None:
        super().__init__(inner.token)
        self._inner = inner

    def evaluate(self, context: RenderContext) -> object:
        value = self._inner.evaluate(context)
        return "" if value is None or value is False or is_undefined(value) else value

    def children(self) -> list[Expression]:
        return [self._inner]


class ShopifyIfTag(IfTag):
    """`{% if %}` with Shopify's idea of blank."""

    def parse(self, stream: TokenStream) -> Node:
        return _compared_as_shopify(super().parse(stream))


class ShopifyUnlessTag(UnlessTag):
    """`{% unless %}` with Shopify's idea of blank."""

    def parse(self, stream: TokenStream) -> Node:
        return _compared_as_shopify(super().parse(stream))


def _compared_as_shopify(node: Node) -> Node:
    if isinstance(node, IfNode | UnlessNode):
        _rewrite(node.condition)
        for alternative in node.alternatives:
            _rewrite(alternative.expression)
    return node


def _rewrite(expression: Expression) -> None:
    if isinstance(expression, BooleanExpression):
        _rewrite(expression.expression)
    elif isinstance(expression, LogicalNotExpression):
        _rewrite(expression.right)
    elif isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        _rewrite(expression.left)
        _rewrite(expression.right)
    elif isinstance(expression, EqExpression | NeExpression):
        if isinstance(expression.right, Blank):
            expression.left = _TextOrNothing(expression.left)
        elif isinstance(expression.left, Blank):
            expression.right = _TextOrNothing(expression.right)
