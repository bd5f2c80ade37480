"""Testing, checking, measuring and breaking LoyalNest; nothing else imports this package."""
