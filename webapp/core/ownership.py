"""Which feature writes which column of the tables in `models`; "*" is every other column.

Others only read. A house test reads every INSERT and UPDATE and compares.
"""

OWNERS = {
    "apps": {"*": "accounts"},
    "merchants": {"*": "accounts"},
    "stores": {"*": "accounts"},
    "admin_users": {"*": "accounts"},
    "service_keys": {"*": "accounts"},
    "connections": {"*": "accounts"},
    "platform_connections": {"*": "accounts"},
    "users": {"*": "orders", "points_balance": "points", "merged_into": "points"},
    "program_settings": {"*": "points", "pepper": "orders", "theme_extension_config": "theme"},
    "customer_identities": {
        "*": "orders",
        "linking_consent": "points",
        "linking_consent_at": "points",
    },
    "customer_contacts": {"*": "orders"},
    "orders": {"*": "orders"},
    "refunds": {"*": "orders"},
    "referral_links": {"*": "points"},
    "customer_cards": {"*": "points"},
}
