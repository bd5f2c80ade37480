"""How a feature's jobs.py says what it hears."""

from collections.abc import Callable, Mapping
from typing import Any

from webapp.core.contract import Apply


def taking(most: int) -> Callable[[Apply], Apply]:
    """Marks an apply whose messages stand for one small thing each: it takes up to `most` of them
    at once. Others are given a few, for a message may stand for thousands of orders."""

    def mark(apply: Apply) -> Apply:
        vars(apply)["batch"] = most
        return apply

    return mark


def gathered(*subjects: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The APPLIES, or EVERY, of a feature's subjects as one: several may hear the same topic."""
    topics: dict[str, tuple[Any, ...]] = {}
    for subject in subjects:
        for topic, work in subject.items():
            more = work if isinstance(work, tuple) else (work,)
            topics[topic] = (*topics.get(topic, ()), *more)
    return topics
