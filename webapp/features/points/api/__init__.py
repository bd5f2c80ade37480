"""What programs and shoppers may ask of points, one file a subject, gathered here."""

from webapp.features.points.api import identities, referrals, rewards, sync

USE_CASES = (*sync.USE_CASES, *rewards.USE_CASES, *referrals.USE_CASES, *identities.USE_CASES)
