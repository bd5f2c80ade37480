"""Cards in Apple Wallet and Google Wallet that show a member's points and change by themselves.

The specification's feature 7. Success metric: at least 20 % of members have a card; at least 90 %
of exports succeed.
"""
