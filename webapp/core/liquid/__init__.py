"""Renders Liquid as Shopify does, as far as our extension and the demo's theme need it.

The storefront itself is rendered by Shopify. This is for what shows our blocks without it: the
preview on the Widgets page, the demo shop, and the tests.
"""
