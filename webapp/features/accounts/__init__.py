"""Merchants, their stores and apps, who may sign in, and the keys of programs."""
