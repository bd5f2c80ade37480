"""Storefront widgets: where they stand in a shop's theme, what they look like and say, and tests of
one version against another.

The specification's feature 5. Success metric: at least 80 % of stores show a widget; a widget is
rendered in less than a second.
"""
