"""LoyalNest, from the outside in.

`__main__` and `bootstrap` set up and start, from the standard library alone; `lab` tests, checks
and measures; `demo` is a local Shopify for people without one, on the servers of `embedded`;
`app` and `parts` compose a process; `entry` holds the ways in (REST, gRPC, App Proxy, dashboard,
webhooks); `features` holds what the product does, one folder each; `gateways` holds the ways out;
`core` is what all features share (store, tenancy, outbox, audit, i18n, cache, contract). Imports
only ever point down this list, and features never import one another. `jobs`, beside this package,
runs what happens later.
"""
