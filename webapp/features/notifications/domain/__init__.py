"""The rules of notifications: what a message says, whether it may be sent, and when."""
