"""One balance across stores (specification 2): the points ledger and what shows it.

Success metric: 15 % adoption; 99 % sync accuracy.
"""
