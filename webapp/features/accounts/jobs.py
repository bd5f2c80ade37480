"""What accounts does again and again."""

from webapp.core.answers import forget_answers

EVERY = {"hourly": forget_answers}
