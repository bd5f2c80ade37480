"""Rules of widgets: colours that can be read, pages of a theme, blocks in a theme's files."""
