"""Advanced RFM analytics (specification 1): scores and segments of every shop's customers.

Success metric: 85 % adoption of advanced analytics.
"""
