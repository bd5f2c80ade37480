"""Processes behind the web: relay, workers, and what a worker does when its bell rings.

No business rule lives here. What there is to do is a row in PostgreSQL; a job in the queue is only
a doorbell, so Redis may lose everything and nothing is lost.
"""
