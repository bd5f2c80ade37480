"""Use cases of points. None of them commits."""

from webapp.features.points.service.awards import award_orders
from webapp.features.points.service.pushes import prepare_push, record_push
from webapp.features.points.service.sync import sync_points

__all__ = ["award_orders", "prepare_push", "record_push", "sync_points"]
