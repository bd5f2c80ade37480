"""What programs may ask of balances in stores."""

from webapp.core.contract import Example, UseCase
from webapp.core.errors import CUSTOMER_AMBIGUOUS, CUSTOMER_NOT_FOUND, STORE_NOT_FOUND
from webapp.features.points import service
from webapp.features.points.messages import PointsSynced, SyncPoints

USE_CASES = (
    UseCase(
        name="sync_points",
        permission="admin:points",
        rest="POST /v1/api/points/sync",
        grpc="points.v1.PointsService/SyncPoints",
        message=SyncPoints,
        result=PointsSynced,
        run=service.sync_points,
        summary="Show a member's balance in some stores",
        detail="The stores are asked to show the balance once more even when they should be "
        "showing it, so a metafield that somebody changed by hand is repaired. The answer comes at "
        "once, the stores follow within seconds. Stores that do not know the member are left "
        "alone. No points are earned or spent.",
        examples=(
            Example(
                {
                    "customer_id": "gid://shopify/Customer/7104466075915",
                    "store_ids": ["fern-and-clay.myshopify.com"],
                    "locale": "de",
                },
                {"points_balance": 340},
            ),
        ),
        errors=(CUSTOMER_NOT_FOUND, CUSTOMER_AMBIGUOUS, STORE_NOT_FOUND),
    ),
)
