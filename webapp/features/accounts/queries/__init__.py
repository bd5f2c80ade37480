"""Long reads of accounts, one file a page."""
