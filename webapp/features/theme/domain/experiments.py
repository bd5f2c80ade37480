"""Who sees which version in an A/B test, and what its figures say.

Figures are looked at whenever somebody opens the page, so everything here holds however often that
is (always-valid inference), and no winner is called early:

- The interval of the uplift is the confidence sequence of the mixture SPRT with a normal mixture of
  standard deviation TAU around no difference. Source: Johari, Koomen, Pekelis, Walsh, "Always Valid
  Inference: Continuous Monitoring of A/B Tests", Operations Research 70(3), 2022.
- Whether the two versions were given out evenly is judged by the Bayes factor of a Beta-binomial
  against one half. Source: Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data",
  NeurIPS 2022; that a wrong split spoils every result: Fabijan et al., "Diagnosing Sample Ratio
  Mismatch in Online Controlled Experiments", KDD 2019.
"""

import hashlib
import hmac
from dataclasses import dataclass
from math import lgamma, log, sqrt
from typing import Literal

ARMS = "89abcdef"
ALPHA, TAU = 0.05, 0.03
# The prior of the split: so many members a version, evenly; and how surely it must be wrong.
SPLIT_PRIOR, SPLIT_ALPHA = 10.0, 0.001
FEWEST_MEMBERS, FEWEST_DAYS = 100, 7
# Within this of nothing on both sides, in shares, two versions are as good as each other.
NO_DIFFERENCE = 0.01

Arm = Literal["a", "b"]
Verdict = Literal["uneven", "early", "b", "a", "same", "open"]


@dataclass(frozen=True, slots=True)
class Version:
    """What one version came to: members whose time has passed, and how many of them did it."""

    members: int
    successes: int

    @property
    def share(self) -> float:
        """Of 0 to 1; 0 without members."""
        return self.successes / self.members if self.members else 0.0

    @property
    def variance(self) -> float:
        """Of the share. Half a success is added on either side, so that none is not certainty."""
        guess = (self.successes + 0.5) / (self.members + 1)
        return guess * (1 - guess) / self.members


@dataclass(frozen=True, slots=True)
class Uplift:
    """How much greater the share of B is than that of A, and between what it is, in shares."""

    value: float
    low: float
    high: float


def arm_of(key: str, customer: str) -> Arm:
    """Which version a customer (the store's number) sees; our Liquid reckons the same."""
    digest = hmac.new(key.encode(), customer.encode(), hashlib.sha256).hexdigest()
    return "b" if digest[0] in ARMS else "a"


def uplift(a: Version, b: Version) -> Uplift | None:
    """None while a version has no members."""
    if not a.members or not b.members:
        return None
    variance, mixture = a.variance + b.variance, TAU * TAU
    widened = variance + mixture
    half = sqrt(2 * variance * widened / mixture * log(sqrt(widened / variance) / ALPHA))
    value = b.share - a.share
    return Uplift(value, max(-1.0, value - half), min(1.0, value + half))


def uneven(a: int, b: int) -> bool:
    """Whether these numbers of members cannot come from giving out both versions evenly."""
    prior = SPLIT_PRIOR
    evidence = _log_beta(prior + a, prior + b) - _log_beta(prior, prior) + (a + b) * log(2)
    return evidence > -log(SPLIT_ALPHA)


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)


def judge(a: Version, b: Version, seen: tuple[int, int], days: float) -> Verdict:
    """What the figures say after so many days; `seen` are all members of A and B, also those whose
    time has not passed."""
    found = uplift(a, b)
    if uneven(*seen):
        return "uneven"
    if found is None or min(a.members, b.members) < FEWEST_MEMBERS or days < FEWEST_DAYS:
        return "early"
    if found.low > 0:
        return "b"
    if found.high < 0:
        return "a"
    near = max(-found.low, found.high) <= NO_DIFFERENCE
    return "same" if near else "open"
