"""A local Shopify for people without one: a shop whose theme renders our real theme extension, the
signing App Proxy, stand-ins for the services we call, and orders to try it with.
"""
