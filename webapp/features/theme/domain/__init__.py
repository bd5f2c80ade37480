"""Rules of widgets: pages of a theme, and blocks in a theme's files."""
