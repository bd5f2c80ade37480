"""The rules of accounts: which scopes we ask for, and what a plan costs and allows."""
