"""Orders, refunds and customers on their way in: imported from files.

Whatever comes in is written once under the shop's own key, and told to the other features by
topic: `orders.imported` and `refunds.imported` name a range of new rows, in sets.
"""
